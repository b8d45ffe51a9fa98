import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import type { ProcessStatus } from "../../../src/services/processes/ProcessSupervisor.ts"
import { nextPublication } from "../../../src/services/status/Publication.ts"
import { initialPublication } from "../../../src/services/status/PublicationState.ts"
import { facts, running } from "./PublishedNode.ts"
import { VirtualPublication } from "./VirtualPublication.ts"

const process = (state: ProcessStatus["state"], restarts = 0) => ({ statuses: [running({ state, restarts })] })
const stateOf = ({ writes }: VirtualPublication) => writes.at(-1)?.status.processes[0]?.state
const restartsOf = ({ writes }: VirtualPublication) => writes.at(-1)?.status.processes[0]?.restarts

/** A node without an object, of which everything is known. */
const begun = () => {
  const node = new VirtualPublication()
  node.learn(facts())
  node.store(undefined)
  return node
}

/** A node whose first status has been written, and which has rested since. */
const rested = () => {
  const node = begun()
  node.learn(process("Running"))
  node.pass(1_000_000)
  node.writes.length = 0
  node.recorded.length = 0
  return node
}

/** A node that has spent every token just now. */
const spent = () => {
  const node = rested()
  for (let write = 0; write < 10; write += 1) {
    node.learn(process(write % 2 === 0 ? "BackOff" : "Running"))
    node.pass(100)
  }
  assert.strictEqual(node.writes.length, 10)
  node.writes.length = 0
  return node
}

describe("a publication", () => {
  it("writes nothing before the watch has told of the object, nor before the devices are known", () => {
    const { interfaces, ...others } = facts()
    const node = new VirtualPublication()
    node.learn(others)
    node.store(undefined)
    node.pass(60_000)
    assert.strictEqual(node.writes.length, 0)
    node.learn({ interfaces })
    node.pass(100)
    assert.strictEqual(node.writes.length, 1)
    const unseen = new VirtualPublication()
    unseen.learn(facts())
    unseen.pass(60_000)
    assert.strictEqual(unseen.writes.length, 0)
  })

  it("makes an object that is missing, and writes to one that is there", () => {
    const missing = begun()
    missing.pass(1_000)
    assert.deepStrictEqual(missing.writes.map(({ isCreation }) => isCreation), [true])
    const empty = new VirtualPublication()
    empty.learn(facts())
    empty.store({ metadata: { name: "worker-1" } })
    empty.pass(1_000)
    assert.deepStrictEqual(empty.writes.map(({ isCreation }) => isCreation), [false])
  })

  it("replaces a status that is none", () => {
    const node = new VirtualPublication()
    node.learn(facts())
    node.store({ metadata: { name: "worker-1" }, status: { conditions: "all well" } })
    node.pass(1_000)
    assert.strictEqual(node.writes.length, 1)
  })

  it("makes one write of the changes of 100 ms", () => {
    const node = rested()
    const begin = node.millis
    node.learn(process("Starting"))
    node.pass(60)
    node.learn(process("Running", 1))
    node.pass(39)
    node.learn(process("BackOff", 1))
    node.pass(60_000)
    assert.deepStrictEqual(node.writes.map(({ atMillis }) => atMillis - begin), [100])
    assert.strictEqual(stateOf(node), "BackOff")
  })

  it("writes nothing when a change is over within 100 ms", () => {
    const node = rested()
    node.learn(process("BackOff"))
    node.pass(99)
    node.learn(process("Running"))
    node.pass(60_000)
    assert.strictEqual(node.writes.length, 0)
  })

  it("writes counters 10 s after the last write", () => {
    const node = rested()
    const begin = node.millis
    node.learn(process("BackOff"))
    node.pass(1_000)
    for (let restarts = 1; restarts < 20; restarts += 1) {
      node.learn(process("BackOff", restarts))
      node.pass(500)
    }
    assert.deepStrictEqual(node.writes.map(({ atMillis }) => atMillis - begin), [100, 10_100])
  })

  it("writes counters 10 s after they differ, when it has written nothing itself", () => {
    const { stored } = rested()
    const node = new VirtualPublication()
    node.learn({ ...facts(), ...process("Running") })
    node.store(stored)
    node.pass(5_000)
    const begin = node.millis
    node.learn(process("Running", 1))
    node.pass(9_000)
    node.learn(process("Running", 2))
    node.pass(999)
    assert.strictEqual(node.writes.length, 0)
    node.pass(1)
    assert.deepStrictEqual(node.writes.map(({ atMillis }) => atMillis - begin), [10_000])
    assert.strictEqual(restartsOf(node), 2)
  })

  it("writes ten times at once, then once each 5 s", () => {
    const node = rested()
    const begin = node.millis
    for (let change = 0; change < 300; change += 1) {
      node.learn(process(change % 2 === 0 ? "BackOff" : "Running", change))
      node.pass(100)
    }
    const seconds = node.writes.map(({ atMillis }) => (atMillis - begin) / 1_000)
    assert.deepStrictEqual(seconds.slice(0, 10), [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1])
    assert.deepStrictEqual(seconds.slice(10), [5.1, 10.1, 15.1, 20.1, 25.1])
  })

  it("does not write what is over when there is a token for it, and keeps the token", () => {
    const node = spent()
    node.learn(process("BackOff"))
    node.pass(2_000)
    node.learn(process("Running"))
    node.pass(10_000)
    assert.strictEqual(node.writes.length, 0)
    node.learn(process("Stopping"))
    node.pass(100)
    node.learn(process("Running"))
    node.pass(100)
    assert.strictEqual(node.writes.length, 2)
  })

  it("writes what is true when there is a token, also the counters of a change that is over", () => {
    const node = spent()
    const begin = node.millis
    node.learn(process("BackOff", 1))
    node.pass(1_000)
    node.learn(process("Running", 1))
    node.pass(8_999)
    assert.strictEqual(node.writes.length, 0)
    node.pass(1)
    assert.deepStrictEqual(node.writes.map(({ atMillis }) => atMillis - begin), [10_000])
  })
})

describe("a request under way", () => {
  it("is the only one, and what is new by then is written after it", () => {
    const node = rested()
    const begin = node.millis
    node.answerMillis = 3_000
    node.learn(process("BackOff"))
    node.pass(1_000)
    node.learn(process("Stopping"))
    node.pass(1_000)
    assert.strictEqual(node.writes.length, 1)
    node.pass(5_000)
    assert.deepStrictEqual(node.writes.map(({ atMillis }) => atMillis - begin), [100, 3_200])
    assert.strictEqual(stateOf(node), "Stopping")
  })

  it("is older than what the watch tells of before its answer", () => {
    const node = rested()
    node.answerMillis = 3_000
    node.learn(process("BackOff"))
    node.pass(1_000)
    node.store(undefined)
    node.pass(2_200)
    assert.deepStrictEqual(node.writes.map(({ isCreation }) => isCreation), [false, true])
  })

  it("is newer than what the watch told before it", () => {
    const node = rested()
    node.watchMillis = 60_000
    node.learn(process("BackOff"))
    node.pass(50_000)
    assert.strictEqual(node.writes.length, 1)
  })
})

describe("a server that keeps less than it is told", () => {
  it("is told once, and once more when its watch says so", () => {
    const node = begun()
    node.keeps = ({ conditions, ...status }) => ({ ...status, conditions: conditions.slice(1) })
    node.learn({ statuses: [running()] })
    node.pass(600_000)
    assert.isAtMost(node.writes.length, 2)
    node.learn({ statuses: [] })
    node.pass(600_000)
    assert.isAtMost(node.writes.length, 4)
  })
})

describe("a write that failed", () => {
  it("is made again after the back-off, with what is true by then", () => {
    const node = rested()
    const begin = node.millis
    node.failures.push({ reason: "Unreachable", random: 0.8 }, { reason: "Denied", random: 0.8 })
    node.learn(process("BackOff"))
    node.pass(300)
    node.learn(process("Stopping"))
    node.pass(10_000)
    assert.deepStrictEqual(node.writes.map(({ atMillis }) => atMillis - begin), [100, 500, 1_300])
    assert.strictEqual(stateOf(node), "Stopping")
  })

  it("is not made again when its difference is over, and the next difference waits the back-off too", () => {
    const node = rested()
    const begin = node.millis
    node.failures.push({ reason: "TooManyRequests", retryAfterSeconds: 20 })
    node.learn(process("BackOff"))
    node.pass(1_000)
    node.learn(process("Running"))
    node.pass(1_000)
    node.learn(process("Stopping"))
    node.pass(60_000)
    assert.deepStrictEqual(node.writes.map(({ atMillis }) => atMillis - begin), [100, 20_100])
  })

  it("is not forgotten by a difference that comes and goes during its back-off", () => {
    const node = rested()
    const begin = node.millis
    node.failures.push({ reason: "Unreachable", random: 0.8 }, { reason: "Unreachable", random: 0.8 })
    node.learn(process("BackOff"))
    node.pass(200)
    node.learn(process("Running"))
    node.pass(100)
    node.learn(process("BackOff"))
    node.pass(10_000)
    assert.deepStrictEqual(node.writes.map(({ atMillis }) => atMillis - begin), [100, 500, 1_300])
  })

  it("costs a token", () => {
    const node = spent()
    node.pass(5_000)
    node.failures.push({ reason: "Unreachable" })
    node.learn(process("BackOff"))
    node.pass(4_000)
    assert.strictEqual(node.writes.length, 1)
    node.pass(200)
    assert.strictEqual(node.writes.length, 2)
  })

  it("is forgotten by a difference that begins after its back-off", () => {
    const node = rested()
    for (let failure = 0; failure < 5; failure += 1) node.failures.push({ reason: "Unreachable", random: 0.001 })
    node.learn(process("BackOff"))
    node.pass(110)
    node.learn(process("Running"))
    node.pass(300_000)
    node.writes.length = 0
    const begin = node.millis
    node.failures.length = 0
    node.failures.push({ reason: "Unreachable", random: 1 })
    node.learn(process("BackOff"))
    node.pass(60_000)
    assert.deepStrictEqual(node.writes.map(({ atMillis }) => atMillis - begin), [100, 600])
  })

  it("makes the object again that the server does not have (404), before the watch tells so", () => {
    const node = rested()
    node.watchMillis = 60_000
    node.store(undefined)
    node.learn(process("BackOff"))
    node.pass(1_000)
    assert.deepStrictEqual(node.writes.map(({ isCreation }) => isCreation), [false, true])
  })

  it("reads the object that is there already (409), and keeps its times and events", () => {
    const { stored } = rested()
    const node = begun()
    node.watchMillis = 60_000
    node.store(stored)
    node.learn(process("Running"))
    node.pass(50_000)
    assert.strictEqual(node.writes.length, 1)
    assert.strictEqual(node.reads.length, 1)
    assert.deepStrictEqual(node.recorded, [])
    assert.deepStrictEqual(node.publication.told, node.publication.object?.status)
  })

  it("is not made from a read (409) that is older than what the watch told meanwhile", () => {
    const node = begun()
    node.learn(process("Running"))
    node.answerMillis = 1_000
    node.stored = { metadata: { name: "worker-1" } }
    node.pass(1_500)
    assert.strictEqual(node.reads.length, 1)
    node.store(rested().stored)
    node.pass(60_000)
    assert.strictEqual(node.writes.length, 1)
  })

  it("reads once for each write that meets a conflict, also when reading does", () => {
    const node = begun()
    for (let request = 0; request < 4; request += 1) node.failures.push({ reason: "Conflict", random: 1 })
    node.pass(60_000)
    assert.strictEqual(node.writes.length, 3)
    assert.strictEqual(node.reads.length, 2)
  })
})

describe("events of a publication", () => {
  const mistaken = facts({
    decision: {
      profiles: [],
      skipped: [],
      processes: [],
      problems: [{ severity: "error", config: "c", path: "spec", message: "is missing" }],
      rolledBack: []
    }
  })

  it("are recorded with the write that tells of them, once", () => {
    const node = rested()
    node.failures.push({ reason: "Unreachable" })
    node.learn(mistaken)
    node.pass(60_000)
    assert.deepStrictEqual(node.recorded, ["ProfileRejected"])
  })

  it("are not recorded again for an object that is made anew, which has the times that it had", () => {
    const node = rested()
    node.learn(mistaken)
    node.pass(60_000)
    node.recorded.length = 0
    node.store(undefined)
    node.pass(60_000)
    assert.strictEqual(node.writes.length, 2)
    assert.deepStrictEqual(node.writes[1]?.status, node.writes[0]?.status)
    assert.deepStrictEqual(node.recorded, [])
  })

  it("are recorded of a first write whose echo comes before its answer", () => {
    const node = begun()
    node.answerMillis = 1_000
    node.learn(mistaken)
    node.pass(60_000)
    assert.deepStrictEqual(node.recorded, ["ProfileRejected"])
  })
})

it("nothing that is told changes a publication that was given", () => {
  const frozen = Object.freeze({ ...initialPublication, facts: Object.freeze(initialPublication.facts) })
  const now = { monotonicNanos: 1n, wallMillis: 1 }
  const [known] = nextPublication(frozen, { _tag: "Learned", facts: facts() }, now)
  nextPublication(Object.freeze(known), { _tag: "Seen", object: Option.none() }, now)
  assert.strictEqual(frozen.facts.interfaces, undefined)
})

const stop = (node: VirtualPublication) => node.tell({ _tag: "Stopping" })
const last = ({ writes }: VirtualPublication) => writes.at(-1)?.status

describe("last words", () => {
  const own = facts().daemon
  const locked = { state: "LOCKED", ports: [], since: "2026-11-23T10:00:00Z" } as const

  it("are written at once, whatever the budget says, and nothing follows", () => {
    const node = spent()
    stop(node)
    node.pass(0)
    assert.strictEqual(node.writes.length, 1)
    assert.isTrue(node.hasEnded)
    const { clock, conditions, daemon, processes, profiles } = last(node) ?? assert.fail()
    assert.deepStrictEqual([clock, processes, profiles], [undefined, [], []])
    assert.deepStrictEqual(conditions.map(({ reason, status, type }) => `${type} ${status} ${reason}`), [
      "Applied Unknown DaemonStopped",
      "Synchronized Unknown DaemonStopped",
      "Degraded Unknown DaemonStopped"
    ])
    assert.isDefined(daemon?.stoppedAt)
    node.learn(process("Stopping"))
    node.pass(600_000)
    assert.strictEqual(node.writes.length, 1)
  })

  it("are not kept back by the back-off of an earlier write", () => {
    const node = rested()
    node.failures.push({ reason: "Unreachable", random: 1 })
    node.learn(process("BackOff"))
    node.pass(100)
    stop(node)
    node.pass(0)
    assert.isTrue(node.hasEnded)
    assert.isDefined(last(node)?.daemon?.stoppedAt)
  })

  it.each(["Unreachable", "Conflict", "TooManyRequests"] as const)(
    "come after a write that is under way, also when that fails: %s",
    (reason) => {
      const node = rested()
      node.answerMillis = 500
      node.failures.push({ reason })
      node.learn(process("BackOff"))
      node.pass(200)
      stop(node)
      assert.strictEqual(node.writes.length, 1)
      node.pass(2_000)
      assert.isTrue(node.hasEnded)
      assert.isDefined(last(node)?.daemon?.stoppedAt)
    }
  )

  it("are tried again, and read anew what somebody else has changed", () => {
    const node = rested()
    node.watchMillis = 60_000
    node.failures.push({ reason: "Unreachable", random: 0.1 })
    node.store({ metadata: { name: "worker-1", resourceVersion: "by-hand" }, status: node.stored?.["status"] ?? {} })
    stop(node)
    node.pass(2_000)
    assert.isTrue(node.hasEnded)
    assert.strictEqual(node.reads.length, 1)
    assert.isDefined(last(node)?.daemon?.stoppedAt)
  })

  it.each([0, 60_000])("leave a successor's status alone, if the watch tells of it after %s ms", (watchMillis) => {
    const node = rested()
    node.watchMillis = watchMillis
    const successor = { ...last(spent()), clock: locked, daemon: { ...own, pod: "linuxptp-daemon-b" } }
    node.store({ metadata: { name: "worker-1", resourceVersion: "later" }, status: successor })
    stop(node)
    node.pass(2_000)
    assert.isTrue(node.hasEnded)
    assert.deepStrictEqual(node.stored?.["status"], successor)
  })

  it("take back what a predecessor left that was killed, before an own status was written", () => {
    const { stored } = rested()
    const node = new VirtualPublication()
    node.learn(facts({ daemon: { ...own, version: "0.1.0", startedAt: "2026-11-23T11:00:00Z" } }))
    node.store({ ...stored, metadata: { name: "worker-1", resourceVersion: "1" } })
    stop(node)
    node.pass(1_000)
    assert.isTrue(node.hasEnded)
    assert.isDefined(last(node)?.daemon?.stoppedAt)
  })

  it.each([undefined, { metadata: { name: "worker-1" } }])("are none where no status is: %s", (object) => {
    const node = new VirtualPublication()
    node.learn(facts())
    node.store(object)
    stop(node)
    node.pass(1_000)
    assert.isTrue(node.hasEnded)
    assert.strictEqual(node.writes.length, 0)
  })

  it("are taken back by the next daemon at once", () => {
    const node = rested()
    stop(node)
    node.pass(0)
    const next = new VirtualPublication()
    next.learn({ ...facts({ daemon: { version: "0.1.0", startedAt: "2026-11-23T12:00:00Z" } }), ...process("Running") })
    next.store(node.stored)
    next.pass(100)
    assert.strictEqual(next.writes.length, 1)
    assert.isUndefined(last(next)?.daemon?.stoppedAt)
    assert.strictEqual(stateOf(next), "Running")
  })
})

it("makes no object while there is no Node, and makes it once there is one", () => {
  const node = new VirtualPublication()
  node.learn(facts({ nodeUid: undefined }))
  node.store(undefined)
  node.pass(60_000)
  assert.strictEqual(node.writes.length, 0)
  node.learn({ nodeUid: "uid-2" })
  node.pass(100)
  assert.strictEqual(node.writes.length, 1)
})

it("goes on writing when an answer alone says that the object is gone, and there is no Node either", () => {
  const node = new VirtualPublication()
  node.learn({ ...facts({}), ...process("Starting") })
  node.store(undefined)
  node.pass(10_000)
  const before = node.writes.length
  node.failures.push({ reason: "NotFound" }, { reason: "NotFound" })
  node.learn({ nodeUid: undefined, ...process("Running") })
  node.pass(60_000)
  assert.deepStrictEqual(node.writes.slice(before).map(({ isCreation }) => isCreation), [false, false, false])
  assert.strictEqual(stateOf(node), "Running")
})
