"""What visual contrastive decoding computes, for comparison: the noised input, the contrasted logits and what is chosen.

    pip install numpy
    python tools/caption/tests/expected/contrast.py

Writes contrast.json beside itself. Formulas: Leng et al., CVPR 2024 (arXiv:2311.16922), equations 2 (noise), 3 (contrast) and
4 (plausibility); the schedule of the noise is the one that the authors publish with it: 1000 steps, the variances a sigmoid
from -6 to 6 between 1e-5 and 5e-3. The random numbers are those of the program: SplitMix64 and Box-Muller.
"""

import json
import pathlib

import numpy as np

HERE = pathlib.Path(__file__).parent
STEPS = 1000
MASK = (1 << 64) - 1


def kept_share():
    """How much of the variance after each step is still the picture's."""
    place = np.linspace(-6.0, 6.0, STEPS)
    gamma = 1.0 / (1.0 + np.exp(-place)) * (5e-3 - 1e-5) + 1e-5
    return np.cumprod(1.0 - gamma)


def uniform(state):
    state = (state + 0x9E3779B97F4A7C15) & MASK
    mixed = state
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
    return state, ((mixed ^ (mixed >> 31)) >> 11) / float(1 << 53)


def normals(count, seed):
    values, state = [], seed
    while len(values) < count:
        state, first = uniform(state)
        state, second = uniform(state)
        radius = np.sqrt(-2.0 * np.log(1.0 - first))
        values += [radius * np.cos(2.0 * np.pi * second), radius * np.sin(2.0 * np.pi * second)]
    return np.array(values[:count])


def noised(values, step, seed):
    share = kept_share()[step]
    return np.sqrt(share) * values + np.sqrt(1.0 - share) * normals(len(values), seed)


def contrasted(clear, noisy, alpha, beta):
    result = (1.0 + alpha) * clear - alpha * noisy
    return np.where(clear < clear.max() + np.log(beta), -np.inf, result)


def probabilities(logits):
    shifted = np.exp(logits - logits.max())
    return shifted / shifted.sum()


def main():
    random = np.random.default_rng(20260)
    share = kept_share()
    schedule = [{"step": step, "kept": float(share[step])} for step in (0, 1, 250, 500, 750, 999)]
    picture = np.round(random.normal(size=25), 4)
    noise = [
        {"step": step, "seed": seed, "values": noised(picture, step, seed).tolist()}
        for step, seed in ((0, 1), (500, 7), (999, 12345678901234567890))
    ]
    cases = []
    for alpha, beta in ((1.0, 0.1), (0.5, 0.25), (0.0, 0.1), (2.0, 1.0)):
        clear = np.round(random.normal(scale=2.0, size=12), 4)
        noisy = np.round(clear + random.normal(scale=1.5, size=12), 4)
        result = contrasted(clear, noisy, alpha, beta)
        cases.append({
            "alpha": alpha,
            "beta": beta,
            "clear": clear.tolist(),
            "noisy": noisy.tolist(),
            # JSON has no infinity.
            "logits": [None if np.isneginf(value) else value for value in result.tolist()],
            "probabilities": probabilities(result).tolist(),
            "chosen": int(np.argmax(result)),
        })
    document = {"schedule": schedule, "picture": picture.tolist(), "noise": noise, "cases": cases}
    (HERE / "contrast.json").write_text(json.dumps(document, indent=1) + "\n")


main()
