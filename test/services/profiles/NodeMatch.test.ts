import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import type { MatchRule } from "../../../src/services/kubernetes/NodePTPCfg.ts"
import { deadRules, matchedBy } from "../../../src/services/profiles/NodeMatch.ts"

const deadOf = (rule: MatchRule) =>
  deadRules({ profile: "p", match: [rule] }).map(({ message, path }) => `${path} ${message}`)

describe("deadRules", () => {
  it.each([
    ["rack==7", "write rack=7"],
    ["rack == \"7\"", "write rack=7"],
    ["rack: 7", "write rack=7"],
    ["node-role.kubernetes.io/worker: \"\"", "write node-role.kubernetes.io/worker="],
    ["'rack=7'", "write rack=7"],
    ["!rack", "a rule is key=value or key, and nothing else"],
    ["rack!=7", "a rule is key=value or key, and nothing else"],
    ["rack in (7, 8)", "a rule is key=value or key, and nothing else"],
    ["rack in 7,8", "a rule is key=value or key, and nothing else"],
    ["rack notin (7)", "a rule is key=value or key, and nothing else"],
    ["*", "a rule has no wildcards; key alone matches any value"],
    ["rack=*", "a rule has no wildcards; key alone matches any value"],
    ["rack=7,zone=b", "each label has a rule of its own"],
    ["=7", "it has no key; write key=value or key"],
    ["rack=the 7th", "no label may have such a value"],
    ["rack=7=8", "no label may have such a value"],
    [`rack=${"7".repeat(64)}`, "no label may have such a value"],
    ["-rack", "no label may have such a key"],
    ["a/b/rack", "no label may have such a key"],
    ["Example.com/rack", "no label may have such a key"],
    ["r".repeat(64), "no label may have such a key"]
  ])("says of the label %s why it matches no node: %s", (nodeLabel, why) => {
    const [told, ...more] = deadOf({ nodeLabel })
    assert.match(told ?? "", /^match\[0\]\.nodeLabel ".*" matches no node: /)
    assert.isTrue(told?.endsWith(`: ${why}`), told)
    assert.deepStrictEqual(more, [])
  })

  it.each([
    ["Worker-1", "names of nodes are in lower case, worker-1"],
    ["worker-*", "a rule has no wildcards; nodeLabel matches several nodes"],
    ["worker-1, worker-2", "each node has a rule of its own"],
    ["worker_1", "no node may have such a name"],
    ["-worker", "no node may have such a name"],
    ["w".repeat(254), "no node may have such a name"]
  ])("says of the name %s why no node has it: %s", (nodeName, why) => {
    const [told] = deadOf({ nodeName })
    assert.isTrue(told?.startsWith("match[0].nodeName "), told)
    assert.isTrue(told?.endsWith(`: ${why}`), told)
  })

  it("has nothing against rules that some node may match", () => {
    for (const nodeLabel of ["rack", " rack = 7 ", "rack=", "a.b-c/D_e.f=G-1", "kubernetes.io/hostname=10.0.0.1"]) {
      assert.deepStrictEqual(deadOf({ nodeLabel }), [], nodeLabel)
    }
    for (const nodeName of ["worker-1", "10.0.0.1", " w.example.com "]) {
      assert.deepStrictEqual(deadOf({ nodeName }), [], nodeName)
    }
  })

  it("never calls a rule dead that matches a node as Kubernetes allows it", () => {
    const word = fc.stringMatching(/^[a-zA-Z0-9]([-_.a-zA-Z0-9]{0,10}[a-zA-Z0-9])?$/)
    const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?(\.[a-z0-9]{1,5}){0,2}$/)
    fc.assert(fc.property(name, fc.option(name), word, fc.oneof(word, fc.constant("")), (node, prefix, key, value) => {
      const label = prefix === null ? key : `${prefix}/${key}`
      for (const rule of [{ nodeName: node }, { nodeLabel: label }, { nodeLabel: `${label}=${value}` }]) {
        const identity = { name: node, labels: { [label]: value } }
        assert.isDefined(matchedBy({ profile: "p", match: [rule] }, identity))
        assert.deepStrictEqual(deadOf(rule), [])
      }
    }))
  })

  it("is quick with a text that was made to be slow", () => {
    for (const text of [" ".repeat(100_000), "a".repeat(100_000), "a.".repeat(50_000), `in${" ".repeat(100_000)}`]) {
      assert.isAtMost(deadOf({ nodeLabel: `x${text}x`, nodeName: `x${text}x` }).join("").length, 1000)
    }
  })
})
