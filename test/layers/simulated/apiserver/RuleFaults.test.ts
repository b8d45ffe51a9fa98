import { assert, describe, it } from "@effect/vitest"
import type { Json, JsonObject } from "../../../../src/layers/simulated/apiserver/JsonTree.ts"
import { compileRules } from "../../../../src/layers/simulated/apiserver/ValidationRules.ts"

const schema = (rule: JsonObject): JsonObject => ({
  type: "object",
  properties: {
    spec: {
      type: "object",
      "x-kubernetes-validations": [rule],
      properties: {
        a: { type: "string" },
        i: { type: "integer" },
        l: { type: "array", items: { type: "object", properties: { q: { type: "integer" } } } },
        m: { type: "object", additionalProperties: { type: "string" } },
        t: { type: "object", properties: { x: { type: "string" }, "y-y": { type: "string" }, in: { type: "string" } } }
      }
    }
  }
})

const faultsOf = (rule: JsonObject) =>
  compileRules(schema(rule), "spec.validation.openAPIV3Schema").faults.map(({ field, message }) =>
    `${field.replace("spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].", "")}: ${message}`
  )

/** A rule, and a part of what is said of it; kube-apiserver 1.37.2 refuses each of them, in these words or cel-go's. */
const refused: ReadonlyArray<readonly [JsonObject, string]> = [
  [{ rule: "" }, "rule: Required value: rule is not specified"],
  [{ rule: "self.a ==" }, "rule: Invalid value: {\"Rule\":\"self.a ==\",\"Message\":\"\",\"MessageExpression\":\"\","],
  [{ rule: "self.a" }, "cel expression must evaluate to a bool"],
  [
    { rule: "self.nope == 1" },
    "compilation failed: ERROR: <input>:1:1: undefined field 'nope'\n | self.nope == 1\n | ^"
  ],
  [{ rule: "has(self.nope)" }, "undefined field 'nope'"],
  [{ rule: "has(self.t.nope) || true" }, "undefined field 'nope'"],
  [{ rule: "self.?nope.orValue('') == ''" }, "undefined field 'nope'"],
  [{ rule: "self.l.all(x, has(x.nope))" }, "undefined field 'nope'"],
  [{ rule: "self.l[0].?nope.hasValue()" }, "undefined field 'nope'"],
  [{ rule: "self.l.filter(x, x.q > 0).all(y, has(y.nope))" }, "undefined field 'nope'"],
  [{ rule: "cel.bind(v, self.t, has(v.nope))" }, "undefined field 'nope'"],
  [{ rule: "self['a'] == ''" }, "found no matching overload for '_[_]'"],
  [{ rule: "self.i > 'a'" }, "found no matching overload for '_>_' applied to '(int, string)'"],
  [{ rule: "self.i == 5u" }, "found no matching overload for '_==_' applied to '(int, uint)'"],
  [{ rule: "foo(self.a)" }, "undeclared reference to 'foo'"],
  [{ rule: "nope == 1" }, "undeclared reference to 'nope'"],
  [{ rule: "true", reason: "Nope" }, "reason: Unsupported value: \"Nope\": supported values: \"FieldValueDuplicate\""],
  [{ rule: "true", fieldPath: ".nope" }, "fieldPath: Invalid value: \".nope\": must be a valid path"],
  [{ rule: "true", fieldPath: "a" }, "fieldPath: Invalid value: \"a\": must be a valid path"],
  [{ rule: "true", fieldPath: ".l[0]" }, "fieldPath: Invalid value: \".l[0]\": must be a valid path"],
  [{ rule: "true", message: "a\nb" }, "message: Invalid value: \"a\\nb\": must not contain line breaks"],
  [{ rule: "true", message: "  " }, "message: Invalid value: \"  \": must be non-empty if specified"],
  [{ rule: "self.i\n > 0" }, "message: Required value: message must be specified if rule contains line breaks"],
  [{ rule: "true", messageExpression: "1" }, "messageExpression must evaluate to a string"],
  [{ rule: "true", messageExpression: "self.nope" }, "messageExpression compilation failed: ERROR"],
  [
    { rule: "self.i > 0", optionalOldSelf: true },
    "optionalOldSelf: Invalid value: true: may not be set if oldSelf is not"
  ]
]

/** What kube-apiserver has and this server has not: refused with its name, because a rule must not pass unread. */
const lacking: ReadonlyArray<readonly [string, string]> = [
  ["isURL(self.a)", "the CEL function isURL of Kubernetes"],
  ["quantity(self.a).isInteger()", "the CEL function quantity of Kubernetes"],
  ["self.a.replace('x', 'y') == ''", "the CEL function replace of Kubernetes"],
  ["self.l.map(x, x.q).isSorted()", "the CEL function isSorted of Kubernetes"],
  ["sets.contains([1], [1])", "the functions sets.* of Kubernetes' CEL"],
  ["self.l.all(i, x, x.q > i)", "all() with two variables of Kubernetes' CEL"]
]

const accepted: ReadonlyArray<JsonObject> = [
  { rule: "has(self.a) && self.a.startsWith('x')", fieldPath: ".a", reason: "FieldValueForbidden" },
  { rule: "self.?t.?x.orValue('') != 'bad'", message: "bad" },
  { rule: "self.l.all(x, self.l.exists_one(y, has(y.q) && y.q == x.q))" },
  { rule: "!has(self.t.y__dash__y) && !has(self.t.__in__)", fieldPath: ".t['y-y']" },
  { rule: "!('k' in self.m) || self.m['k'] == 'v' || self.m.k == 'w'", fieldPath: ".m.k" },
  { rule: "self == oldSelf" },
  { rule: "!oldSelf.hasValue() || oldSelf.value().i <= self.i", optionalOldSelf: true },
  { rule: "self.i >= 0.5", messageExpression: "'not ' + string(self.i)" },
  { rule: "cel.bind(n, self.l.size(), n < 3)" }
]

/** A list of objects whose keys never change. */
const list = (more: JsonObject): Json => ({
  type: "array",
  items: {
    type: "object",
    required: ["k"],
    properties: { k: { type: "string", "x-kubernetes-validations": [{ rule: "self == oldSelf" }] } }
  },
  ...more
})

describe("a definition's rules", () => {
  it("are refused when they mean nothing", () => {
    for (const [rule, part] of refused) {
      const faults = faultsOf(rule)
      assert.strictEqual(faults.length, 1, JSON.stringify([rule, ...faults]))
      assert.include(faults[0], part)
    }
  })

  it("are refused when this server could not evaluate them", () => {
    for (const [rule, part] of lacking) {
      const faults = faultsOf({ rule })
      assert.strictEqual(faults.length, 1, JSON.stringify([rule, ...faults]))
      assert.include(faults[0], part)
    }
  })

  it("are accepted when a real server accepts them", () => {
    for (const rule of accepted) assert.deepStrictEqual([rule, faultsOf(rule)], [rule, []])
  })

  it("may not compare items of a list that have no identity with what they were", () => {
    const of = (more: JsonObject) =>
      compileRules({ type: "object", properties: { l: list(more) } }, "root").faults.map(({ message }) => message)
    assert.deepStrictEqual(of({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"] }), [])
    assert.deepStrictEqual(of({}), [
      "Invalid value: \"self == oldSelf\": oldSelf cannot be used on the uncorrelatable portion of the schema within " +
      "root.properties[l]"
    ])
  })
})
