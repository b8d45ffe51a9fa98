import { assert, describe, it } from "@effect/vitest"
import { exitCodeOf, nodeRows, notesOn, renderRows, rowsJson } from "../../../src/programs/cli/StatusRows.ts"
import type { KubernetesObject } from "../../../src/services/kubernetes/KubernetesObject.ts"
import type { Witnesses } from "../../../src/services/status/Freshness.ts"

const condition = (type: string, status: string, reason: string, message = "") => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: "2026-11-23T10:00:00Z"
})

const node = (
  name: string,
  conditions: ReadonlyArray<ReturnType<typeof condition>>,
  state = "LOCKED"
): KubernetesObject => ({
  metadata: { name },
  status: {
    ptpDevices: [],
    profiles: [{ name: "profile1", config: "config1", priority: 4, matchedBy: `nodeName ${name}` }],
    processes: [],
    clock: { state, ports: [], since: "2026-11-23T10:00:00Z" },
    conditions
  }
})

/** An object with this word for its condition `Ready`. */
const readiness = (name: string, status: string, reason = "NodeStatusUnknown"): KubernetesObject => ({
  metadata: { name },
  status: { conditions: [{ type: "Ready", status, reason }] }
})

const byName = (...objects: ReadonlyArray<KubernetesObject>) =>
  new Map(objects.map((object) => [object.metadata.name, object]))

const allReady: Witnesses = {
  nodes: byName(...["a", "b", "y", "z", "worker-1"].map((name) => readiness(name, "True"))),
  pods: byName(readiness("pod-1", "True"))
}

const good = [
  condition("Applied", "True", "Applied"),
  condition("Synchronized", "True", "Locked"),
  condition("Degraded", "False", "AsExpected")
]

describe("status", () => {
  it("says that there is nothing", () =>
    assert.strictEqual(renderRows(nodeRows([], allReady)), "No NodePTPDevs found."))

  it("puts nodes with problems first, each group by name", () => {
    const rows = nodeRows([
      node("b", good),
      node("a", good),
      node("z", [condition("Applied", "False", "InvalidConfiguration", "config1: no"), ...good.slice(1)]),
      { metadata: { name: "y" } }
    ], allReady)
    assert.deepStrictEqual(rows.map(({ node, problems }) => [node, problems]), [
      ["y", ["no status yet"]],
      ["z", ["Applied: InvalidConfiguration: config1: no"]],
      ["a", []],
      ["b", []]
    ])
  })

  it("does not call a grandmaster on its own oscillator a problem, nor a node without a profile", () => {
    const grandmaster = [good[0], condition("Synchronized", "False", "Grandmaster"), good[2]].flatMap((each) =>
      each ?? []
    )
    const idle = [good[0], condition("Synchronized", "Unknown", "NoProfile"), good[2]].flatMap((each) => each ?? [])
    assert.deepStrictEqual(
      nodeRows([node("a", grandmaster, "FREERUN"), node("b", idle)], allReady).flatMap(({ problems }) => problems),
      []
    )
  })

  it("is a table for people", () =>
    assert.strictEqual(
      renderRows(nodeRows([node("worker-1", good)], allReady)),
      "NODE      PROFILE   CLOCK   APPLIED  PROBLEM\nworker-1  profile1  LOCKED  True     -"
    ))

  it("lets no message steer the terminal or break its line", () => {
    const hostile = condition("Applied", "False", "InvalidConfiguration", "a\u001B[2J\nb")
    assert.include(
      renderRows(nodeRows([node("a", [hostile, ...good.slice(1)])], allReady)),
      "InvalidConfiguration: a?[2J?b"
    )
  })

  const withDaemon = (daemon: Readonly<Record<string, string>>): KubernetesObject => {
    const object = node("worker-1", good)
    const started = { version: "0.1.0", startedAt: "2026-11-23T10:00:00Z" }
    return { ...object, status: { ...Object(object["status"]), daemon: { ...started, ...daemon } } }
  }
  const rowOf = (object: KubernetesObject, witnesses: Partial<Witnesses>) => {
    const [row] = nodeRows([object], { ...allReady, ...witnesses })
    return row ?? assert.fail()
  }

  it("shows STALE with the reason instead of a clock when the Node or the pod can't vouch for it", () => {
    const cases: ReadonlyArray<readonly [Partial<Witnesses>, string]> = [
      [{ nodes: byName(readiness("worker-1", "Unknown")) }, "Node worker-1 is not ready (NodeStatusUnknown)"],
      [{ nodes: byName() }, "Node worker-1 is gone"],
      [{ pods: byName() }, "Pod pod-1 is gone"],
      [
        { pods: byName(readiness("pod-1", "False", "ContainersNotReady")) },
        "Pod pod-1 is not ready (ContainersNotReady)"
      ],
      [{ pods: byName({ metadata: { name: "pod-1" } }) }, "Pod pod-1 is not ready (it has not said so)"]
    ]
    for (const [witnesses, reason] of cases) {
      const { clock, problems, status } = rowOf(withDaemon({ pod: "pod-1" }), witnesses)
      assert.deepStrictEqual([clock, status], ["STALE", "Stale"])
      assert.include(problems.join(), `STALE: ${reason}; LOCKED was its last word`)
    }
  })

  it("believes the Node alone without a pod's name, and without the right to see Pods, which it says", () => {
    assert.strictEqual(rowOf(withDaemon({}), { pods: byName() }).clock, "LOCKED")
    assert.strictEqual(rowOf(withDaemon({ pod: "pod-1" }), { pods: undefined }).clock, "LOCKED")
    assert.match(notesOn({ ...allReady, pods: undefined }).join(), /may not see Pods.*by the Node alone/)
    assert.strictEqual(rowOf(withDaemon({ pod: "pod-1" }), { nodes: undefined }).clock, "LOCKED")
    assert.match(notesOn({ ...allReady, nodes: undefined }).join(), /may not see Nodes/)
  })

  it("says of a stopped daemon that it is stopped, even if its pod is gone", () => {
    const stopped = withDaemon({ pod: "pod-1", stoppedAt: "2026-11-23T11:00:00Z" })
    const { clock, problems, status } = rowOf(stopped, { pods: byName() })
    assert.deepStrictEqual([clock, status, problems], ["-", "Stopped", [
      "the daemon was stopped at 2026-11-23T11:00:00Z"
    ]])
  })

  it("shows the nodes that are asked for, also those of which nothing is known", () => {
    const rows = nodeRows([node("a", good), node("b", good)], allReady, ["b", "x", "b"])
    assert.deepStrictEqual(rows.map(({ node, status }) => [node, status]), [["x", "Missing"], ["b", "Current"]])
  })

  it("exits with 0 when all is well, 1 with a problem, 2 when nobody can tell", () => {
    const blind: Witnesses = { nodes: undefined, pods: undefined }
    assert.strictEqual(exitCodeOf(nodeRows([node("a", good)], allReady)), 0)
    assert.strictEqual(exitCodeOf(nodeRows([node("a", good), { metadata: { name: "y" } }], allReady)), 1)
    assert.strictEqual(exitCodeOf(nodeRows([node("a", good)], { ...allReady, nodes: byName() })), 1)
    assert.strictEqual(exitCodeOf(nodeRows([node("a", good)], blind)), 2)
    assert.strictEqual(exitCodeOf(nodeRows([], allReady)), 2)
    assert.match(notesOn(blind).join(), /neither Nodes nor Pods/)
  })

  it("is JSON in which nothing that a node wrote steers a terminal", () => {
    const hostile = condition("Applied", "False", "X", "\u001b]0;pwned\u0007\u009b2J\u202e\u{e0001}")
    const rows = nodeRows([node("a", [hostile, ...good.slice(1)])], allReady)
    const text = rowsJson(rows)
    assert.match(text, /^[ -~]*$/)
    assert.deepStrictEqual(JSON.parse(text), rows)
  })
})
