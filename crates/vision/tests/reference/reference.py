"""What the reference implementations compute with small networks whose weights follow a rule.

    pip install torch torchvision transformers pillow
    python crates/vision/tests/reference/reference.py

Writes beside itself qwen3.json and moondream.json: the shape of the network, and what comes out. The weights themselves are
not kept: `weight` below says each of them, and the tests make them in the same way.

Qwen3-VL is compared with `transformers`. Moondream's decoder is compared with `transformers`' Phi, and its eye with
torch's own layers put together as the published model's `vision.py` describes them.
"""

import json
import pathlib

import numpy as np
import torch
from torch import nn
from transformers import PhiConfig, PhiForCausalLM, Qwen3VLConfig, Qwen3VLForConditionalGeneration
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

HERE = pathlib.Path(__file__).parent


def weight(name: str, shape) -> torch.Tensor:
    """SplitMix64 of the place in the tensor, begun from FNV-1a of its name: -1 to 1, times a scale."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x100000001B3) % (1 << 64)
    count = int(np.prod(shape))
    with np.errstate(over="ignore"):
        mixed = np.uint64(seed) + (np.arange(count, dtype=np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed = mixed ^ (mixed >> np.uint64(31))
    values = (mixed >> np.uint64(40)).astype(np.float64) / (1 << 23) - 1.0
    if len(shape) > 1:
        # Sums of so many products stay about as large as what goes in.
        values *= np.sqrt(3.0 / np.prod(shape[1:]))
    elif name.endswith("bias"):
        values *= 0.1
    else:
        values = 1.0 + 0.1 * values
    return torch.from_numpy(values.astype(np.float32).reshape(tuple(shape)))


def fill(model: nn.Module, names=lambda name: name) -> None:
    with torch.no_grad():
        for name, parameter in model.state_dict().items():
            parameter.copy_(weight(names(name), parameter.shape))


def picture(width: int, height: int) -> np.ndarray:
    """A picture by rule: height, width, channel."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([(x * 7 + y * 3) % 256, (x * y) % 256, (x * 2 + y * 11 + 40) % 256], axis=-1).astype(np.uint8)


def qwen3() -> None:
    config = Qwen3VLConfig(
        text_config=dict(
            vocab_size=300, hidden_size=64, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4,
            num_key_value_heads=2, head_dim=16, max_position_embeddings=512, rms_norm_eps=1e-6, tie_word_embeddings=False,
            rope_parameters=dict(rope_type="default", rope_theta=5000.0, mrope_section=[4, 2, 2], mrope_interleaved=True),
        ),
        vision_config=dict(
            depth=3, hidden_size=32, intermediate_size=64, num_heads=4, patch_size=4, spatial_merge_size=2,
            temporal_patch_size=2, out_hidden_size=64, num_position_embeddings=25, deepstack_visual_indexes=[0, 2],
            hidden_act="gelu_pytorch_tanh", in_channels=3,
        ),
        image_token_id=290, video_token_id=291, vision_start_token_id=292, vision_end_token_id=293,
        tie_word_embeddings=False,
    )
    model = Qwen3VLForConditionalGeneration(config).eval()
    fill(model)
    processor = Qwen2VLImageProcessorPil(
        patch_size=4, merge_size=2, temporal_patch_size=2, size=dict(shortest_edge=64, longest_edge=4096),
        image_mean=[0.5] * 3, image_std=[0.5] * 3,
    )
    pictures = [picture(40, 24), picture(16, 32)]
    batch = processor(images=pictures, return_tensors="pt")
    counts = [int(grid.prod()) // 4 for grid in batch["image_grid_thw"]]
    tokens = [11, 12, 292] + [290] * counts[0] + [293, 40, 41, 292] + [290] * counts[1] + [293, 42, 7, 8]
    ids = torch.tensor([tokens])
    kinds = (ids == 290).int()
    after = [9, 77, 140]
    outputs = []
    with torch.no_grad():
        out = model(
            input_ids=ids, pixel_values=batch["pixel_values"], image_grid_thw=batch["image_grid_thw"],
            mm_token_type_ids=kinds, attention_mask=torch.ones_like(ids), use_cache=True,
        )
        outputs.append(out.logits[0, -1].tolist())
        cache = getattr(out, "cache", None) or out.past_key_values
        for token in after:
            out = model(
                input_ids=torch.tensor([[token]]), use_cache=True,
                **({"cache": cache} if hasattr(out, "cache") else {"past_key_values": cache}),
            )
            outputs.append(out.logits[0, -1].tolist())
    resized = processor(images=[picture(37, 50)], return_tensors="pt")
    shapes = {name: list(tensor.shape) for name, tensor in model.state_dict().items()}
    config = config.to_dict()
    write("qwen3.json", dict(
        config=dict(
            model_type="qwen3_vl", text_config=config["text_config"], vision_config=config["vision_config"],
            tie_word_embeddings=False,
        ),
        shapes=shapes, tokens=tokens, after=after, logits=outputs,
        resized=dict(grid=resized["image_grid_thw"][0].tolist(), first=resized["pixel_values"][0].tolist()),
    ))


class Block(nn.Module):
    def __init__(self, width, heads, wide):
        super().__init__()
        self.heads = heads
        self.attn = nn.ModuleDict(dict(qkv=nn.Linear(width, 3 * width), proj=nn.Linear(width, width)))
        self.mlp = nn.ModuleDict(dict(fc1=nn.Linear(width, wide), fc2=nn.Linear(wide, width)))
        self.norm1 = nn.LayerNorm(width, eps=1e-5)
        self.norm2 = nn.LayerNorm(width, eps=1e-5)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = self.attn["qkv"](self.norm1(x)).reshape(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        x = x + self.attn["proj"](nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, n, c))
        return x + self.mlp["fc2"](nn.functional.gelu(self.mlp["fc1"](self.norm2(x)), approximate="tanh"))


class Eye(nn.Module):
    def __init__(self, width, heads, wide, blocks, hidden, out):
        super().__init__()
        visual = nn.ModuleDict(dict(
            patch_embed=nn.ModuleDict(dict(linear=nn.Linear(588, width))),
            blocks=nn.ModuleList(Block(width, heads, wide) for _ in range(blocks)),
            norm=nn.LayerNorm(width, eps=1e-5),
        ))
        visual.pos_embed = nn.Parameter(torch.zeros(1, 729, width))
        self.encoder = nn.ModuleDict(dict(model=nn.ModuleDict(dict(visual=visual))))
        self.projection = nn.ModuleDict(dict(mlp=nn.ModuleDict(dict(fc1=nn.Linear(width, hidden), fc2=nn.Linear(hidden, out)))))

    def forward(self, image):
        b, c, h, w = image.shape
        x = image.reshape(b, c, h // 14, 14, w // 14, 14).permute(0, 2, 4, 1, 3, 5).reshape(b, -1, c * 196)
        visual = self.encoder["model"]["visual"]
        x = visual["patch_embed"]["linear"](x) + visual.pos_embed
        for block in visual["blocks"]:
            x = block(x)
        mlp = self.projection["mlp"]
        return mlp["fc2"](nn.functional.gelu(mlp["fc1"](visual["norm"](x)), approximate="tanh"))


def moondream() -> None:
    phi = dict(
        vocab_size=320, n_positions=2048, n_embd=64, n_layer=2, n_inner=None, n_head=4, rotary_dim=8,
        activation_function="gelu_new", layer_norm_epsilon=1e-5, tie_word_embeddings=False, pad_vocab_size_multiple=64,
    )
    vision = dict(
        image_embedding_dim=1152, model_dim=64, hidden_dim=96, hidden_features=80, embed_len=729, embed_dim=1152,
        num_blocks=1, num_heads=16, act="gelu_pytorch_tanh",
    )
    eye = Eye(1152, 16, 80, 1, 96, 64).eval()
    fill(eye, lambda name: f"vision_encoder.{name}")
    decoder = PhiForCausalLM(PhiConfig(
        vocab_size=320, hidden_size=64, intermediate_size=256, num_hidden_layers=2, num_attention_heads=4,
        hidden_act="gelu_new", max_position_embeddings=2048, layer_norm_eps=1e-5, partial_rotary_factor=0.5,
        rope_theta=10000.0, qk_layernorm=False, tie_word_embeddings=False,
    )).eval()
    # Phi's three matrices are one in Moondream's files.
    state = decoder.state_dict()
    shapes = {f"vision_encoder.{name}": list(tensor.shape) for name, tensor in eye.state_dict().items()}

    def put(theirs, ours, shape):
        shapes[f"text_model.{ours}"] = list(shape)
        whole = weight(f"text_model.{ours}", shape)
        for name, part in zip(theirs, whole.chunk(len(theirs), dim=0)):
            state[name].copy_(part)

    with torch.no_grad():
        put(["model.embed_tokens.weight"], "transformer.embd.wte.weight", (320, 64))
        for layer in range(2):
            theirs, ours = f"model.layers.{layer}.", f"transformer.h.{layer}."
            attention = [f"{theirs}self_attn.{part}_proj" for part in "qkv"]
            for kind, tail in (("weight", (64,)), ("bias", ())):
                put([f"{name}.{kind}" for name in attention], f"{ours}mixer.Wqkv.{kind}", (192, *tail))
                put([f"{theirs}self_attn.dense.{kind}"], f"{ours}mixer.out_proj.{kind}", (64, *tail))
                put([f"{theirs}input_layernorm.{kind}"], f"{ours}ln.{kind}", (64,))
                put([f"{theirs}mlp.fc1.{kind}"], f"{ours}mlp.fc1.{kind}", (256, *tail))
                put([f"{theirs}mlp.fc2.{kind}"], f"{ours}mlp.fc2.{kind}", (64, *((256,) if tail else ())))
        for kind in ("weight", "bias"):
            put([f"model.final_layernorm.{kind}"], f"lm_head.ln.{kind}", (64,))
            put([f"lm_head.{kind}"], f"lm_head.linear.{kind}", (320, 64) if kind == "weight" else (320,))
    decoder.load_state_dict(state)

    pixels = torch.from_numpy(picture(378, 378)).permute(2, 0, 1)[None].float() / 255.0
    tokens, after, begin = [20, 21, 22, 5], [9, 77, 140], 1
    with torch.no_grad():
        seen = eye((pixels - 0.5) / 0.5)
        embed = decoder.get_input_embeddings()
        inputs = torch.cat([embed(torch.tensor([[begin]])), seen, embed(torch.tensor([tokens]))], dim=1)
        outputs = []
        for count in range(len(after) + 1):
            extra = embed(torch.tensor([after[:count]])) if count else inputs[:, :0]
            outputs.append(decoder(inputs_embeds=torch.cat([inputs, extra], dim=1)).logits[0, -1].tolist())
    write("moondream.json", dict(
        config=dict(model_type="moondream1", phi_config=phi, vision_config=vision),
        shapes=shapes, begin=begin, tokens=tokens, after=after, logits=outputs,
    ))


def write(name: str, value) -> None:
    def short(value):
        if isinstance(value, float):
            return float(f"{value:.7g}")
        if isinstance(value, dict):
            return {key: short(item) for key, item in value.items()}
        if isinstance(value, list):
            return [short(item) for item in value]
        return value

    (HERE / name).write_text(json.dumps(short(value), default=str) + "\n")


qwen3()
moondream()
