#!/usr/bin/env python3
"""A training step here and in PyTorch: the same network, the same work, one core, interleaved in one run.

usage: tests/bench/peers.py [WIDTH ...]    (after make bench-programs; needs Debian's python3-torch)

The network is 2-n-n-1 with T = 16 and 1024 points, reset to zero and a triangle surrogate. Three ways in PyTorch: back-propagation through
time; weight perturbation batched over K by hand; weight perturbation by forward-mode automatic differentiation, one direction at a time.
"""
import json
import os
import subprocess
import sys
import tempfile
import time

try:
    import torch
    import torch.autograd.forward_ad as fwd
except ImportError as error:
    print(f"peers.py: left out: {error}; Debian's package is python3-torch")
    sys.exit(0)

T, POINTS, BETA, THETA, WIDTH = 16, 1024, 0.9, 1.0, 0.5
ROUNDS = 3


class Spike(torch.autograd.Function):
    """A threshold with the triangle's derivative, for reverse and forward mode."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        ctx.save_for_forward(x)
        return (x >= 0).float()

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * torch.clamp(1 - x.abs() / WIDTH, min=0)

    @staticmethod
    def jvp(ctx, xdot):
        (x,) = ctx.saved_tensors
        return xdot * torch.clamp(1 - x.abs() / WIDTH, min=0)


def network(theta, x):
    (w0, b0), (w1, b1), (w2, b2) = theta
    current = x @ w0.T + b0
    m0, s0 = torch.zeros_like(current), torch.zeros_like(current)
    m1, s1 = torch.zeros(len(x), len(b1)), torch.zeros(len(x), len(b1))
    rate = torch.zeros_like(s1)
    for _ in range(T):
        m0 = BETA * m0 * (1 - s0) + current
        s0 = Spike.apply(m0 - THETA)
        m1 = BETA * m1 * (1 - s1) + s0 @ w1.T + b1
        s1 = Spike.apply(m1 - THETA)
        rate = rate + s1 / T
    return rate @ w2.T + b2


def bptt(theta, x, cotangent, _):
    leaves = [(w.detach().requires_grad_(), b.detach().requires_grad_()) for w, b in theta]
    network(leaves, x).backward(cotangent)


def forward_ad(theta, x, cotangent, directions):
    """Derivatives [K] along the directions."""
    d = []
    for k in range(directions[0][0].shape[0]):
        with torch.no_grad(), fwd.dual_level():
            dual = [(fwd.make_dual(w, v[k]), fwd.make_dual(b, c[k])) for (w, b), (v, c) in zip(theta, directions)]
            d.append(float((fwd.unpack_dual(network(dual, x)).tangent * cotangent).sum()))
    return torch.tensor(d)


@torch.no_grad()
def hand_batched(theta, x, cotangent, directions):
    """The same derivatives, tangents of all directions as [K][points][n]; batched matrix products."""
    (w0, b0), (w1, b1), (w2, _) = theta
    (v0, c0), (v1, c1), (v2, c2) = directions
    current, current_dot = x @ w0.T + b0, x @ v0.transpose(1, 2) + c0[:, None]
    m0, s0 = torch.zeros_like(current), torch.zeros_like(current)
    m1, s1 = torch.zeros(len(x), len(b1)), torch.zeros(len(x), len(b1))
    m0d, s0d, m1d, s1d = (torch.zeros_like(current_dot) for _ in range(4))
    rate, rate_dot = torch.zeros_like(s1), torch.zeros_like(m1d)
    for _ in range(T):
        m0d = BETA * (m0d * (1 - s0) - m0 * s0d) + current_dot
        m0 = BETA * m0 * (1 - s0) + current
        s0d, s0 = torch.clamp(1 - (m0 - THETA).abs() / WIDTH, min=0) * m0d, (m0 >= THETA).float()
        m1d = BETA * (m1d * (1 - s1) - m1 * s1d) + s0 @ v1.transpose(1, 2) + s0d @ w1.T + c1[:, None]
        m1 = BETA * m1 * (1 - s1) + s0 @ w1.T + b1
        s1d, s1 = torch.clamp(1 - (m1 - THETA).abs() / WIDTH, min=0) * m1d, (m1 >= THETA).float()
        rate, rate_dot = rate + s1 / T, rate_dot + s1d / T
    du = rate @ v2.transpose(1, 2) + rate_dot @ w2.T + c2[:, None]
    return (du * cotangent).sum((1, 2))


def estimate(derivatives, theta, x, cotangent, directions):
    d = derivatives(theta, x, cotangent, directions)
    return [(torch.tensordot(d, v, 1) / len(d), torch.tensordot(d, c, 1) / len(d)) for v, c in directions]


def seconds(call, *arguments):
    start = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - start


def median(values):
    return sorted(values)[len(values) // 2]


def ours(width):
    program = os.path.join(os.environ.get("BUILD", "build"), "tests/bench/step")
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        subprocess.run([program, file.name, "-bench_width", str(width), "-bench_T", str(T)], check=True, stdout=subprocess.DEVNULL)
        figures = json.load(open(file.name))
    fast = f"-net_width {width},{width} -net_T {T} -net_reset zero"
    return {f["name"]: f["value"] / 1e3 for f in reversed(figures) if f["which"] == "time" and f["case"].startswith(fast)}


def main():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print(f"seconds a step, median of {ROUNDS}; torch {torch.__version__}\n")
    for width in map(int, sys.argv[1:] or ["128", "256"]):
        sizes = [(width, 2), (width, width), (1, width)]
        theta = [(torch.randn(n, m) * 2 / m**0.5, torch.zeros(n)) for n, m in sizes]
        x, cotangent = torch.rand(POINTS, 2), torch.randn(POINTS, 1)
        directions = {k: [(torch.randn(k, n, m).sign(), torch.randn(k, n).sign()) for n, m in sizes] for k in (16, 64)}
        few = [(v[:2], c[:2]) for v, c in directions[16]]
        by_hand, automatic = hand_batched(theta, x, cotangent, few), forward_ad(theta, x, cotangent, few)
        assert torch.allclose(by_hand, automatic, rtol=1e-3, atol=1e-3 * float(automatic.abs().max())), (by_hand, automatic)
        mine, torchs = [], {"back-propagation": [], "by hand, K = 16": [], "by hand, K = 64": [], "forward AD, K = 16": []}
        for _ in range(ROUNDS):
            mine.append(ours(width))
            torchs["back-propagation"].append(seconds(bptt, theta, x, cotangent, None))
            torchs["by hand, K = 16"].append(seconds(estimate, hand_batched, theta, x, cotangent, directions[16]))
            torchs["by hand, K = 64"].append(seconds(estimate, hand_batched, theta, x, cotangent, directions[64]))
            torchs["forward AD, K = 16"].append(seconds(estimate, forward_ad, theta, x, cotangent, directions[16]))
        weight = "weight surrogate K={} rademacher, tail none"
        name = {"reverse": "reverse", "node K = 1": "node surrogate K=1 rademacher, tail unit", "weight K = 16": weight.format(16), "weight K = 16, bf16": weight.format(16) + ", bf16", "weight K = 16, int8": weight.format(16) + ", int8", "weight K = 64": weight.format(64)}
        here = {label: median([m[key] for m in mine]) for label, key in name.items()}
        there = {label: median(v) for label, v in torchs.items()}
        print(f"n = {width}")
        for label, value in {**here, **{"torch, " + k: v for k, v in there.items()}}.items():
            print(f"  {label:28s} {value:.4f}")
        for label, ratio in {
            "torch back-propagation / reverse here": there["back-propagation"] / here["reverse"],
            "torch by hand / weight here, K = 16": there["by hand, K = 16"] / here["weight K = 16"],
            "torch by hand / weight here, K = 16, bf16": there["by hand, K = 16"] / here["weight K = 16, bf16"],
            "torch by hand / weight here, K = 16, int8": there["by hand, K = 16"] / here["weight K = 16, int8"],
            "torch by hand / weight here, K = 64": there["by hand, K = 64"] / here["weight K = 64"],
            "torch forward AD / weight here, K = 16": there["forward AD, K = 16"] / here["weight K = 16"],
            "weight here, K = 16 / torch back-propagation": here["weight K = 16"] / there["back-propagation"],
            "node here / torch back-propagation": here["node K = 1"] / there["back-propagation"],
        }.items():
            print(f"  {label:46s} {ratio:6.2f}x")


if __name__ == "__main__":
    main()
