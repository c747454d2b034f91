"""What a network predicts (eps, x_0 or v), and the way from each to the others.

One place serves training targets and sampling. With D = alpha·dsigma - dalpha·sigma, the pair

    x_t = alpha·x_0 + sigma·eps        v = dx_t/dt = dalpha·x_0 + dsigma·eps

is solved for x_0 = (dsigma·x_t - sigma·v)/D and eps = (alpha·v - dalpha·x_t)/D; D is 1 for the flow
schedule and π/2 for the cosine. v is the velocity in t (for the flow schedule eps - x_0), which for the
cosine is π/2 times the v of Salimans & Ho 2022 (arXiv 2202.00512) with its sign turned.

Shapes: x_0, eps, output and x_t are [B, …]; t is a float or [B]. x_0 says nothing about eps where sigma
is 0, nor eps about x_0 where alpha is 0: there the divisor is held at `floor`, which keeps answers finite.
"""

from typing import Literal, get_args

from sfumato.diffusion.arrays import Array, Time, at_least, over
from sfumato.diffusion.schedule import Schedule
from sfumato.errors import InputError

Prediction = Literal["eps", "x0", "v"]
PREDICTIONS: tuple[Prediction, ...] = get_args(Prediction)
FLOOR = 1e-4


def _check(prediction: str) -> None:
    if prediction not in PREDICTIONS:
        raise InputError(f"There is no prediction {prediction!r}; choose one of {', '.join(PREDICTIONS)}.")


def add_noise(x_0: Array, eps: Array, *, schedule: Schedule, t: Time) -> Array:
    """x_t = alpha·x_0 + sigma·eps for t a float or [B]; broadcasts over the trailing axes."""
    return over(schedule.alpha(t), x_0) * x_0 + over(schedule.sigma(t), x_0) * eps


def target(prediction: Prediction, x_0: Array, eps: Array, *, schedule: Schedule, t: Time) -> Array:
    """What a network of this prediction should answer for x_t = add_noise(x_0, eps)."""
    _check(prediction)
    if prediction == "x0":
        return x_0
    if prediction == "eps":
        return eps
    return over(schedule.d_alpha(t), x_0) * x_0 + over(schedule.d_sigma(t), x_0) * eps


def _determinant(schedule: Schedule, t: Time) -> Array:
    """D = alpha·dsigma - dalpha·sigma, positive for every schedule."""
    return schedule.alpha(t) * schedule.d_sigma(t) - schedule.d_alpha(t) * schedule.sigma(t)


def to_x0(
    prediction: Prediction, output: Array, x_t: Array, *, schedule: Schedule, t: Time, floor: float = FLOOR
) -> Array:
    """The estimate of x_0 in a network's output. From eps, alpha is taken to be at least `floor`."""
    _check(prediction)
    if prediction == "x0":
        return output
    if prediction == "eps":
        noise = over(schedule.sigma(t), x_t) * output
        return (x_t - noise) / over(at_least(schedule.alpha(t), floor), x_t)
    scale = 1.0 / _determinant(schedule, t)
    return over(schedule.d_sigma(t) * scale, x_t) * x_t - over(schedule.sigma(t) * scale, x_t) * output


def to_eps(
    prediction: Prediction, output: Array, x_t: Array, *, schedule: Schedule, t: Time, floor: float = FLOOR
) -> Array:
    """The estimate of eps in a network's output. From x_0, sigma is taken to be at least `floor`."""
    _check(prediction)
    if prediction == "eps":
        return output
    if prediction == "x0":
        signal = over(schedule.alpha(t), x_t) * output
        return (x_t - signal) / over(at_least(schedule.sigma(t), floor), x_t)
    scale = 1.0 / _determinant(schedule, t)
    return over(schedule.alpha(t) * scale, x_t) * output - over(schedule.d_alpha(t) * scale, x_t) * x_t


def to_v(
    prediction: Prediction, output: Array, x_t: Array, *, schedule: Schedule, t: Time, floor: float = FLOOR
) -> Array:
    """The estimate of v = dx_t/dt in a network's output.

    From x_0 the result is scaled by D/sigma; a loss on v may raise `floor` (0.05 in Li & He 2025,
    arXiv 2511.13720) to bound its weight near t = 0, on the network's side and on the target's alike.
    """
    _check(prediction)
    if prediction == "v":
        return output
    x_0 = to_x0(prediction, output, x_t, schedule=schedule, t=t, floor=floor)
    eps = to_eps(prediction, output, x_t, schedule=schedule, t=t, floor=floor)
    return over(schedule.d_alpha(t), x_t) * x_0 + over(schedule.d_sigma(t), x_t) * eps
