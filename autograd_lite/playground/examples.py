"""The programs that the playground offers, by their titles."""

EXAMPLES = {
    "(x + y) · z": """\
x, y, z = Value(-2.0), Value(5.0), Value(-4.0)
q = x + y
f = q * z
f.backward()
print(x.grad, y.grad, z.grad)
""",
    "An expression": "x * sin(y) + exp(-x * y)\n",
    "A neuron of gates": """\
w0, x0, w1, x1, w2 = Value(2.0), Value(-1.0), Value(-3.0), Value(-2.0), Value(-3.0)
f = 1 / (1 + exp(-(w0 * x0 + w1 * x1 + w2)))
f.backward()
print(f.steps())
""",
    "A neuron": """\
w = [Value(2.0, "w0"), Value(-3.0, "w1")]
x = [Value(-1.0, "x0"), Value(-2.0, "x1")]
b = Value(-3.0)
z = w[0] * x[0] + w[1] * x[1] + b
a = sigmoid(z)
loss = (a - 1) ** 2
loss.backward()
w[0].explain()
""",
    "A network": """\
net = nn.ScoringNetwork(2, [3, 2], f="tanh", seed=4)
x1, x2 = Value(0.5), Value(-0.5)
s = net([x1, x2])
s.draw(groups="layers")
""",
    "Softmax and cross-entropy": """\
z = [Value(2.0, "z0"), Value(1.0, "z1"), Value(-1.0, "z2")]
p = math.softmax(z)
loss = -log(p[0])          # the right class is the first
loss.backward()
print([round(v.grad, 4) for v in z])      # p - (1, 0, 0)
""",
    "A nan, and where it was born": """\
x, y = Value(3.0), Value(3.0)
distance = sqrt((x - y) ** 2)      # the slope of sqrt is infinite at 0
loss = distance * 2
loss.backward()
print(x.grad)
print(loss.diagnose())
""",
    "Newton's method": """\
def f(x):
    return x ** 3 - 2 * x - 5

x = 2.0
for step in range(5):
    x = x - f(x) / ag.grad(f)(x)
    print(step, x)

root = Value(x)
y = f(root)
""",
}
