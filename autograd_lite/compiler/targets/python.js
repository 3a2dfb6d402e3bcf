// Python's numbers in JavaScript: the names of `math`, `operator` and the builtins that the table of primitives uses,
// with Python's results and Python's exceptions, so that code translated from Python means what it meant there. A name
// of the table's own modules stands here where its Python leans on what JavaScript lacks: integers of any size as
// numbers, `decimal`, `struct`. Each name is defined at the start of a line: the translator reads which there are.
"use strict";

class PythonError extends Error {}

function raise(name) {
  throw new PythonError(name);
}

// Whether an error is one of Python's of that name, for `except`.
function raised(error, ...names) {
  return error instanceof PythonError && names.includes(error.message);
}

// A row of the table: its value, and where Python raises, what IEEE 754 has.
function row(value, ieee) {
  return (...args) => {
    try {
      return value(...args);
    } catch (error) {
      if (error instanceof PythonError) return ieee(...args);
      throw error;
    }
  };
}

// CPython's rule for its C library: nan out of no nan, or an infinity out of finite numbers, is an exception; at a pole
// it is a ValueError.
function strict(f, pole = () => false) {
  return (...args) => {
    const y = f(...args);
    if (y - y !== 0) {
      if (y !== y ? !args.some(Number.isNaN) : args.every(Number.isFinite)) {
        raise(y !== y || pole(...args) ? "ValueError" : "OverflowError");
      }
    }
    return y;
  };
}

const math = {}, operator = {}, builtins = {}, special = {}, rounding = {}, value = {}, derivatives = {};

// ---- the C library ----

for (const name of ["sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh",
  "atanh", "exp", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt"]) {
  math[name] = strict(Math[name], () => name.includes("log") || name === "atanh");
}
math.hypot = Math.hypot;
math.fabs = Math.abs;
math.exp2 = strict((x) => Math.pow(2, x));
math.pow = strict(
  (x, y) => (x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : Math.pow(x, y)), (x) => x === 0);
math.copysign = (x, y) => (y < 0 || Object.is(y, -0) ? -Math.abs(x) : Math.abs(x));
math.isnan = Number.isNaN;
math.isfinite = Number.isFinite;
math.isinf = (x) => Math.abs(x) === Infinity;
math.floor = (x) => Math.floor(whole(x));
math.ceil = (x) => Math.ceil(whole(x));
math.trunc = (x) => Math.trunc(whole(x));
math.fmod = strict((x, y) => x % y);
math.degrees = (x) => x * (180 / Math.PI);
math.radians = (x) => x * (Math.PI / 180);

// IEEE 754's remainder: from the nearest multiple, the even one half-way.
math.remainder = strict((x, y) => {
  if (Math.abs(y) === Infinity && Number.isFinite(x)) return x;
  const size = Math.abs(x), step = Math.abs(y), below = size % step, above = step - below;
  const rest = below < above ? below : below > above ? -above : below - 2 * ((0.5 * (size - below)) % step);
  return math.copysign(1, x) * rest;
});

// erf by its series of positive terms, 2/√π exp(−x²) Σ 2ⁿ x²ⁿ⁺¹ / (2n+1)!!; its complement by the continued fraction
// exp(−x²)/√π / (x + ½/(x + 1/(x + 3/2/(x + …)))), from its far end. (DLMF 7.6.2 and 7.9.1.)
math.erf = (x) => (Math.abs(x) < 1.5 ? erfSeries(x) : math.copysign(1 - erfcFraction(Math.abs(x)), x));
math.erfc = (x) => (x < 0.4 ? 1 - math.erf(x) : erfcFraction(x));

function erfSeries(x) {
  let term = (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * x, total = 0;
  for (let n = 1; total + term !== total; n++) {
    total += term;
    term *= (2 * x * x) / (2 * n + 1);
  }
  return x === 0 ? x : total + term;
}

function erfcFraction(x) {
  if (x !== x || x > 30) return x !== x ? x : 0;
  let tail = x;
  for (let n = Math.ceil(8 + 150 / (x * x)); n > 0; n--) tail = x + n / 2 / tail;
  const high = Math.fround(x); // its square is exact
  return (Math.exp(-high * high) * Math.exp((high - x) * (high + x))) / Math.sqrt(Math.PI) / tail;
}

// ---- the bits of a float ----

const bits = new BigInt64Array(1), float = new Float64Array(bits.buffer);

math.frexp = (x) => {
  if (x === 0 || x - x !== 0) return [x, 0];
  const tiny = Math.abs(x) < 2 ** -1000;
  float[0] = tiny ? x * 2 ** 100 : x;
  const exponent = Number((bits[0] >> 52n) & 0x7ffn) - 1022;
  bits[0] = (bits[0] & ~(0x7ffn << 52n)) | (1022n << 52n);
  return [float[0], tiny ? exponent - 100 : exponent];
};
math.ldexp = strict((x, n) => {
  const [mantissa, shift] = math.frexp(x), exponent = shift + n;
  if (mantissa === 0 || mantissa - mantissa !== 0) return x;
  if (exponent > 1024) return math.copysign(Infinity, x);
  if (exponent < -1100) return math.copysign(0, x);
  return exponent > -1000 ? mantissa * 2 * 2 ** (exponent - 1) : mantissa * 2 ** (exponent + 100) * 2 ** -100;
});
math.ulp = (x) => {
  if (x - x !== 0) return Math.abs(x);
  float[0] = Math.abs(x);
  const here = float[0];
  if (here === Number.MAX_VALUE) return 2 ** 971;
  bits[0] += 1n;
  return float[0] - here;
};
math.modf = (x) => (x - x === 0 ? [math.copysign(x % 1, x), Math.trunc(x)] : [x === x ? math.copysign(0, x) : x, x]);

// Floats of one sign are ordered as their bits are; with the sign folded in, all are.
rounding._nextafter = (x, to, steps) => {
  if (x !== x || !steps) return x;
  if (to !== to) return NaN;
  const rank = (y) => ((float[0] = Math.abs(y)), y < 0 ? -bits[0] : bits[0]);
  const here = rank(x), there = rank(to), count = BigInt(whole(steps));
  const distance = there > here ? there - here : here - there;
  if (here === there || distance < count) return to;
  const found = there > here ? here + count : here - count;
  bits[0] = found < 0n ? -found : found;
  return math.copysign(float[0], found === 0n ? x : Number(found));
};

// ---- exact arithmetic: a float is a whole number of units of 2⁻¹⁰⁷⁴ ----

function units(x) {
  const [mantissa, exponent] = math.frexp(x);
  const whole = BigInt(mantissa * 2 ** 53), shift = exponent - 53 + 1074;
  return shift < 0 ? whole >> BigInt(-shift) : whole << BigInt(shift);
}

// The float nearest to n · 2^exponent, the even one half-way; infinite where it overflows.
function nearest(n, exponent) {
  const size = n < 0n ? -n : n;
  const shift = Math.max(size.toString(2).length - 53, -1074 - exponent, 0), places = BigInt(shift);
  let kept = size >> places;
  const rest = size - (kept << places), half = shift ? 1n << (places - 1n) : 1n;
  if (rest > half || (rest === half && kept & 1n)) kept += 1n;
  const [mantissa, length] = math.frexp(Number(kept));
  const y = length + exponent + shift > 1024 ? Infinity : kept ? math.ldexp(mantissa, length + exponent + shift) : 0;
  return n < 0n ? -y : y;
}

math.fsum = (numbers) => {
  const finite = [...numbers].filter(Number.isFinite), rest = [...numbers].filter((x) => x - x !== 0);
  if (!Number.isFinite(builtins.sum(finite))) raise("OverflowError");
  if (!rest.length) return nearest(finite.reduce((sum, x) => sum + units(x), 0n), -1074);
  return strict((...numbers) => builtins.sum(numbers))(...rest);
};
special.sumprod = (p, q) => {
  const products = p.map((x, i) => [x, q[i]]), infinite = products.filter(([x, y]) => x - x !== 0 || y - y !== 0);
  if (infinite.length) return infinite.reduce((sum, [x, y]) => sum + x * y, 0);
  return nearest(products.reduce((sum, [x, y]) => sum + units(x) * units(y), 0n), -2148);
};
special.fma = (x, y, z) => {
  if (x - x !== 0 || y - y !== 0) return x * y + z;
  if (z - z !== 0) return z;
  const sum = units(x) * units(y) + (units(z) << 1074n);
  return sum ? nearest(sum, -2148) : x * y + z;
};

// Python has more digits where terms cancel.
special._silu_derivative_in_digits = (coarse, x, n) => coarse;
special._lgamma_in_digits = (coarse, x) => coarse;
special._polygamma_in_digits = (coarse, n, x) => coarse;
special._sinc_derivative_in_digits = (coarse, n, x) => coarse;
// exp(a) + exp(b) − 1 for −1.2 < a < 0 and b ≤ a, in whole units of a power of 2 far below exp(b).
special._sum_of_exponentials_less_one = (a, b) => {
  const places = 160 + Math.ceil(-b / Math.LN2), one = 1n << BigInt(places);
  const scaled = (x) => (places < 1074 ? units(x) >> BigInt(1074 - places) : units(x) << BigInt(places - 1074));
  const exp = (x) => {
    const r = scaled(x) >> 12n;
    let sum = one, term = one;
    for (let n = 1n; term !== 0n && term !== -1n; n++) sum += term = ((term * r) >> BigInt(places)) / n;
    for (let n = 0; n < 12; n++) sum = (sum * sum) >> BigInt(places);
    return sum;
  };
  return nearest(exp(a) + exp(b) - one, -places);
};
math.factorial = (n) => {
  let product = 1n;
  for (let k = 2n; k <= n; k++) product *= k;
  return Number(product);
};
math.prod = (numbers) => [...numbers].reduce((product, x) => product * x, 1);

// ---- operators ----

operator.truediv = (x, y) => (y === 0 ? raise("ZeroDivisionError") : x / y);
operator.mod = (x, y) => {
  if (y === 0) raise("ZeroDivisionError");
  const rest = x % y;
  if (rest === 0) return math.copysign(0, y);
  return rest < 0 !== y < 0 ? rest + y : rest;
};
operator.floordiv = (x, y) => {
  if (y === 0) raise("ZeroDivisionError");
  const rest = x % y, quotient = (x - rest) / y - (rest !== 0 && rest < 0 !== y < 0 ? 1 : 0);
  if (quotient === 0) return math.copysign(0, x / y);
  const floor = Math.floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
};
operator.pow = (x, y) => (x === 0 && y < 0 ? raise("ZeroDivisionError") : math.pow(x, y));
operator.add = (x, y) => x + y;
operator.sub = (x, y) => x - y;
operator.mul = (x, y) => x * y;
operator.neg = (x) => -x;

// ---- builtins ----

function whole(x) {
  if (x - x !== 0) raise(x !== x ? "ValueError" : "OverflowError");
  return x;
}
builtins.int = (x) => Math.trunc(whole(x));
builtins.float = (x) => Number(x);
builtins.bool = (x) => (x !== 0 && x !== false ? 1 : 0);
builtins.abs = Math.abs;
builtins.round = (x) => {
  const floor = Math.floor(whole(x)), rest = x - floor;
  return rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1;
};
builtins.max = (...numbers) => numbers.reduce((found, x) => (x > found ? x : found));
builtins.min = (...numbers) => numbers.reduce((found, x) => (x < found ? x : found));
builtins.sum = (numbers) => [...numbers].reduce((sum, x) => sum + x, 0);

// ---- how this package calls an operation: a function of `math`, and one of the user's own ----

value.apply = (op, ...args) => op(...args);
derivatives._forward_number = (name, forward, ...args) => forward(...args);
derivatives._raised_again = () => NaN;
