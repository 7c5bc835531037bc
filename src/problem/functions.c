/* Functions to learn. r is the distance from the origin.

   ripple          0.25 sin(4 pi r) + 0.5                                          on [-1,1]^2
   mexican_hat     (1 - r^2/(2 s^2)) exp(-r^2/(2 s^2)) / (pi s^4),  s = 0.8        on [-1,1]^2
   parabola        x^2                                                             on [-1,1]
   smooth          sin 2 pi x + 0.5 sin 6 pi x                                     on [0,1]
   high_frequency  sin 2 pi x + 0.5 sin 20 pi x                                    on [0,1]
   sharp           tanh(50 (x - 0.35)) + 0.8 [x > 0.7] sin 2 pi x                  on [0,1] */
#include "problem_impl.h"

static double Ripple(const double x[])
{
  return 0.25 * sin(4 * PETSC_PI * hypot(x[0], x[1])) + 0.5;
}

static double MexicanHat(const double x[])
{
  const double s2 = 0.8 * 0.8, q = (x[0] * x[0] + x[1] * x[1]) / (2 * s2);

  return (1 - q) * exp(-q) / (PETSC_PI * s2 * s2);
}

static double Parabola(const double x[])
{
  return x[0] * x[0];
}

static double Smooth(const double x[])
{
  return sin(2 * PETSC_PI * x[0]) + 0.5 * sin(6 * PETSC_PI * x[0]);
}

static double HighFrequency(const double x[])
{
  return sin(2 * PETSC_PI * x[0]) + 0.5 * sin(20 * PETSC_PI * x[0]);
}

static double Sharp(const double x[])
{
  return tanh(50 * (x[0] - 0.35)) + (x[0] > 0.7 ? 0.8 * sin(2 * PETSC_PI * x[0]) : 0);
}

/* name, dimensions, box, training and held-out points per axis, value */
#define FUNCTIONS(F) \
  F(ripple, 2, -1, 1, 100, 300, Ripple) \
  F(mexican_hat, 2, -1, 1, 100, 300, MexicanHat) \
  F(parabola, 1, -1, 1, 100, 1000, Parabola) \
  F(smooth, 1, 0, 1, 128, 2001, Smooth) \
  F(high_frequency, 1, 0, 1, 128, 2001, HighFrequency) \
  F(sharp, 1, 0, 1, 128, 2001, Sharp)

#define ROW(name, dim, lo, hi, points, test, value) {#name, dim, lo, hi, points, test, value},
const SdFunction SdFunctions[] = {FUNCTIONS(ROW)};

#define NAME(name, dim, lo, hi, points, test, value) #name,
const char *const SdFunctionNames[] = {FUNCTIONS(NAME) NULL};
