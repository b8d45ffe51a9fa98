import { assert, describe, it } from "@effect/vitest"
import type { NetworkInterface } from "../../../src/services/devices/PtpDevice.ts"
import { emptyPhcHistory, observePhcs, withPhcReplacements } from "../../../src/services/profiles/PhcHistory.ts"
import { spec } from "../../layers/processes/ScriptedRunner.ts"
import { nic } from "../status/PublishedNode.ts"

const withClock = (name: string, phcIndex: number | undefined): NetworkInterface => ({ ...nic(0), name, phcIndex })

const after = (...states: ReadonlyArray<ReadonlyArray<NetworkInterface>>) => states.reduce(observePhcs, emptyPhcHistory)

const ptp4l = spec("ptp4l-a", { interfaces: ["ens1f0"] })
const phc2sys = spec("phc2sys-a", { program: "phc2sys", after: ["ptp4l-a"], interfaces: [] })
const manual = spec("phc2sys-b", { program: "phc2sys", argv: ["phc2sys", "-s", "ens1f0"], interfaces: [] })
const other = spec("phc2sys-c", { program: "phc2sys", argv: ["phc2sys", "-s", "ens2f0"], interfaces: [] })
const all = [ptp4l, phc2sys, manual, other]

describe("withPhcReplacements", () => {
  it("changes nothing while every clock is the first one", () => {
    const history = after([withClock("ens1f0", 0)], [withClock("ens1f0", 0), withClock("ens2f0", undefined)])
    assert.strictEqual(withPhcReplacements(history, all), all)
    assert.strictEqual(withPhcReplacements(emptyPhcHistory, all), all)
  })

  it("changes who uses a clock that was re-plugged, once, and neither ptp4l nor the others", () => {
    const gone = after([withClock("ens1f0", 0)], [])
    assert.strictEqual(withPhcReplacements(gone, all), all)
    const back = observePhcs(gone, [withClock("ens1f0", 3)])
    assert.deepStrictEqual(withPhcReplacements(back, all).map(({ phcReplacements }) => phcReplacements), [
      undefined,
      1,
      1,
      undefined
    ])
    assert.deepStrictEqual(
      withPhcReplacements(observePhcs(back, [withClock("ens1f0", 3)]), all),
      withPhcReplacements(back, all)
    )
  })

  it("sees another index, and the same index after the clock or its NIC was away", () => {
    const replacements = (...states: ReadonlyArray<ReadonlyArray<NetworkInterface>>) =>
      withPhcReplacements(after(...states), [ptp4l, phc2sys])[1]?.phcReplacements
    assert.strictEqual(replacements([withClock("ens1f0", 0)], [withClock("ens1f0", 1)]), 1)
    assert.strictEqual(
      replacements([withClock("ens1f0", 0)], [withClock("ens1f0", undefined)], [withClock("ens1f0", 0)]),
      1
    )
    assert.strictEqual(
      replacements([withClock("ens1f0", 0)], [], [withClock("ens1f0", 0)], [], [withClock("ens1f0", 0)]),
      2
    )
  })

  it("sees a NIC that went and came between two looks by its ifindex, and no loss in a driver's silence", () => {
    const first = { ...withClock("ens1f0", 0), ifindex: 4, isTold: true }
    const replacements = (...states: ReadonlyArray<ReadonlyArray<NetworkInterface>>) =>
      withPhcReplacements(after(...states), [ptp4l, phc2sys])[1]?.phcReplacements
    assert.strictEqual(replacements([first], [{ ...first, ifindex: 9 }]), 1)
    assert.isUndefined(replacements([first], [{ ...first, phcIndex: undefined, isTold: false }], [first]))
  })

  it("follows a bond to the clock of its new active member: phc2sys does so itself", () => {
    const bond = { ...withClock("bond0", 0), kind: "bond" as const }
    const server = spec("ptp4l-a", { interfaces: ["bond0"] })
    const client = { ...phc2sys, after: ["ptp4l-a"] }
    const failedOver = after([bond], [{ ...bond, phcIndex: 1 }])
    assert.isUndefined(withPhcReplacements(failedOver, [server, client])[1]?.phcReplacements)
  })
})

describe("observePhcs", () => {
  it("gives the same history while nothing changes, whatever links do", () => {
    const history = after([withClock("ens1f0", 0)])
    assert.strictEqual(observePhcs(history, [{ ...withClock("ens1f0", 0), linkUp: false }]), history)
  })

  it("is bounded, whatever comes and goes, and sees new NICs all the while", () => {
    const states = Array.from({ length: 3_000 }, (_, index) => [withClock(`pod${index}`, index)])
    const history = after(...states)
    assert.isAtMost(history.size, 300)
    assert.isTrue(history.has("pod2999"))
  })
})
