"""Makes a small BLIP network with random weights, and what the reference implementation computes with it.

    pip install torch transformers safetensors tokenizers pillow
    python tools/caption/tests/expected/reference.py

Writes beside itself: config.json, model.safetensors, tokenizer.json, picture.png and reference.json (the input made of the
picture, the logits after each token of a fixed sequence, and greedy captions with and without repeated sequences).
"""

import json
import pathlib

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import BlipConfig, BlipForConditionalGeneration

HERE = pathlib.Path(__file__).parent
WORDS = "a the on in of with and cat dog cup table man woman white black red green blue two three sitting standing near small large".split()
SPECIAL = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[DEC]"]
START, END = 4, 2
SIDE = 32
MEAN, DEVIATION = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]

pieces = [f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
vocabulary = SPECIAL + WORDS + [piece for piece in pieces]
tokenizer = Tokenizer(models.WordPiece({word: place for place, word in enumerate(vocabulary)}, unk_token="[UNK]"))
tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
tokenizer.decoder = decoders.WordPiece()
tokenizer.add_special_tokens(SPECIAL)
tokenizer.save(str(HERE / "tokenizer.json"))

config = BlipConfig(
    text_config=dict(
        vocab_size=64, hidden_size=32, encoder_hidden_size=64, intermediate_size=64, projection_dim=32,
        num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=64, bos_token_id=START, sep_token_id=END,
        eos_token_id=END, pad_token_id=0, is_decoder=True,
    ),
    vision_config=dict(
        hidden_size=64, intermediate_size=128, projection_dim=32, num_hidden_layers=2, num_attention_heads=4,
        image_size=SIDE, patch_size=8,
    ),
    projection_dim=32,
    image_text_hidden_size=32,
)
torch.manual_seed(7)
model = BlipForConditionalGeneration(config).eval()
with torch.no_grad():
    # The usual initial weights are so small that every word is as likely as the next.
    for name, weight in model.named_parameters():
        if weight.dim() > 1:
            weight.normal_(0.0, 0.25)
        elif name.endswith("bias"):
            weight.normal_(0.0, 0.1)
(HERE / "config.json").write_text(json.dumps(config.to_dict(), indent=1, default=str) + "\n")
weights = {name: tensor.contiguous().clone() for name, tensor in model.state_dict().items()}
save_file(weights, HERE / "model.safetensors")

y, x = np.mgrid[0:45, 0:60]
picture = np.stack([x * 4, y * 5, 128 + 100 * np.sin(x / 5) * np.cos(y / 7)], -1).clip(0, 255).astype(np.uint8)
Image.fromarray(picture).save(HERE / "picture.png")
resized = np.asarray(Image.fromarray(picture).resize((SIDE, SIDE), Image.BICUBIC), np.float32) / 255
values = ((resized - MEAN) / DEVIATION).transpose(2, 0, 1)[None].astype(np.float32)
pixels = torch.from_numpy(values)

sequence = [START, 9, 5, 12, 30, 7, 21]
with torch.no_grad():
    logits = model(pixel_values=pixels, input_ids=torch.tensor([sequence])).logits[0]


def greedy(**options):
    with torch.no_grad():
        tokens = model.generate(
            pixel_values=pixels, input_ids=torch.tensor([[START, END]]), max_new_tokens=40, num_beams=1,
            do_sample=False, **options,
        )[0].tolist()
    tokens = tokens[tokens.index(START) + 1 :]
    return tokens[: tokens.index(END)] if END in tokens else tokens


result = {
    "input": [round(float(value), 6) for value in values.ravel()],
    "sequence": sequence,
    "logits": [[round(float(value), 6) for value in row] for row in logits],
    "greedy": greedy(no_repeat_ngram_size=3),
    "greedy_text": None,
}
result["greedy_text"] = tokenizer.decode(result["greedy"])
(HERE / "reference.json").write_text(json.dumps(result) + "\n")
print(result["greedy"], result["greedy_text"], logits.shape)
