"""Work out J and all gradients by PyTorch's own LSTM; run once by hand, with torch 2.13.0:

    python -m tests.lstm.pytorch_numbers > tests/lstm/pytorch_numbers.json

Tests compare with the numbers and need no PyTorch.
"""

import json

import numpy as np

from tests.lstm import sines


def main() -> None:
    import torch

    p = {name: torch.tensor(v, requires_grad=True) for name, v in sines.parameters().items()}
    a0, c0, x = (torch.tensor(v, requires_grad=True) for v in (*sines.states(), sines.inputs()))
    y = torch.tensor(sines.labels())
    # torch.nn.LSTM stacks input (the seed's update), forget, cell and output gate, and has rows.
    model = torch.nn.LSTM(sines.N_X, sines.N_A, dtype=torch.float64)
    weights = {
        "weight_ih_l0": torch.cat([p[f"W_{gate}x"].T for gate in "ufco"]),
        "weight_hh_l0": torch.cat([p[f"W_{gate}a"].T for gate in "ufco"]),
        "bias_ih_l0": torch.cat([p[f"b_{gate}"][:, 0] for gate in "ufco"]),
        "bias_hh_l0": torch.zeros(4 * sines.N_A, dtype=torch.float64),
    }
    a, _ = torch.func.functional_call(model, weights, (x.transpose(1, 2), (a0.T[None], c0.T[None])))
    logits = torch.nn.functional.linear(a, p["W_ya"].T, p["b_y"][:, 0])
    J = torch.nn.functional.cross_entropy(
        logits.reshape(-1, sines.N_Y), y.transpose(1, 2).reshape(-1, sines.N_Y), reduction="sum"
    )
    J.backward()
    gradients = {**p, "x": x, "a0": a0, "c0": c0}
    numbers = {"J": J.item(), **{name: v.grad.numpy().tolist() for name, v in gradients.items()}}
    numbers["logits"] = np.swapaxes(logits.detach().numpy(), 1, 2).tolist()
    print("{")
    print(",\n".join(f"{json.dumps(name)}: {json.dumps(v)}" for name, v in numbers.items()))
    print("}")


if __name__ == "__main__":
    main()
