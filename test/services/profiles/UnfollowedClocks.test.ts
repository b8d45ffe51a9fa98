import { assert, describe, it } from "@effect/vitest"
import type { ProcessSpec } from "../../../src/services/processes/ProcessSpec.ts"
import { newProcessStatus, type ProcessStatus } from "../../../src/services/processes/ProcessSupervisor.ts"
import { type Unfollowed, unfollowedClocks } from "../../../src/services/profiles/UnfollowedClocks.ts"
import { nic } from "../status/PublishedNode.ts"

const ptp4l: ProcessSpec = {
  id: "ptp4l-a",
  program: "ptp4l",
  profile: "a",
  config: "a",
  argv: ["ptp4l"],
  files: {},
  directory: "/run/d/ptp4l-a",
  after: [],
  interfaces: ["eth0"]
}
const there = [{ ...nic(0), name: "eth0" }]
const status = (change: Partial<ProcessStatus>) => [{ ...newProcessStatus(ptp4l), ...change }]
const running = status({ state: "Running" })
const why = (before: Unfollowed, interfaces: typeof there | undefined, statuses: ReadonlyArray<ProcessStatus>) =>
  unfollowedClocks(before, [ptp4l], interfaces, statuses)
const gone: Unfollowed = new Map([["ptp4l-a", "Gone"]])
const failing: Unfollowed = new Map([["ptp4l-a", "Failing"]])
const none: Unfollowed = new Map()

describe("a ptp4l that phc2sys leaves out", () => {
  it("has lost its NIC, and is followed again once the NIC is back and it is ready", () => {
    assert.deepStrictEqual(why(none, [], running), gone)
    assert.deepStrictEqual(why(gone, there, status({ state: "Starting" })), gone)
    assert.deepStrictEqual(why(gone, there, running), none)
  })

  it("hangs, and is followed again when it lives again or its successor is ready", () => {
    const hanging = status({ state: "Running", isStalled: true })
    assert.deepStrictEqual(why(none, there, hanging), gone)
    assert.deepStrictEqual(why(gone, there, status({ state: "BackOff" })), gone)
    assert.deepStrictEqual(why(gone, there, running), none)
  })

  it("is not one whose NICs are unknown, or of which one is left", () => {
    assert.deepStrictEqual(why(none, undefined, running), none)
    const two = { ...ptp4l, interfaces: ["eth0", "eth1"] }
    assert.deepStrictEqual(unfollowedClocks(none, [two], there, running), none)
  })

  it("keeps dying, and is followed again once it was ready for a minute", () => {
    assert.deepStrictEqual(why(none, there, status({ state: "BackOff", deaths: 2 })), none)
    assert.deepStrictEqual(why(none, there, status({ state: "BackOff", deaths: 3 })), failing)
    assert.deepStrictEqual(why(failing, there, status({ state: "Running", deaths: 3 })), failing)
    assert.deepStrictEqual(why(failing, there, running), none)
  })

  it("is forgotten with its process", () => {
    assert.deepStrictEqual(unfollowedClocks(gone, [], [], []), none)
  })
})
