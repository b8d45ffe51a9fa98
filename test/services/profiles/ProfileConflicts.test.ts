import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { type Claimant, findConflicts } from "../../../src/services/profiles/ProfileConflicts.ts"

const claimant = (
  config: string,
  name: string,
  ports: ReadonlyArray<string>,
  isWriter = false,
  steeredNics: ReadonlyArray<string> = []
): Claimant => ({
  config,
  name,
  ports,
  steeredNics,
  systemClockWriters: isWriter ? ["phc2sys"] : []
})

describe("findConflicts", () => {
  it("finds none among none, and none among profiles that share nothing", () => {
    assert.deepStrictEqual(findConflicts([]), { running: [], conflicts: [] })
    const apart = [claimant("a", "p", ["eth0"], true), claimant("a", "q", ["eth1"]), claimant("a", "r", [])]
    assert.deepStrictEqual(findConflicts(apart), { running: apart, conflicts: [] })
  })

  it("lets the smaller object name win, then the smaller profile name", () => {
    const all = [claimant("b", "a", ["eth0"]), claimant("a", "z", ["eth0"]), claimant("a", "y", ["eth0"])]
    const { conflicts, running } = findConflicts(all)
    assert.deepStrictEqual(running.map(({ config, name }) => `${config}/${name}`), ["a/y"])
    assert.deepStrictEqual(conflicts.map(({ loser, message }) => `${loser.config}/${loser.name} ${message}`), [
      "a/z eth0 belongs to profile \"y\" of a",
      "b/a eth0 belongs to profile \"y\" of a"
    ])
  })

  it("takes nothing for a loser: what it wanted is free for the next", () => {
    const all = [
      claimant("a", "1", ["eth0"]),
      claimant("a", "2", ["eth0", "eth1"], true),
      claimant("a", "3", ["eth1"], true)
    ]
    assert.deepStrictEqual(findConflicts(all).running.map(({ name }) => name), ["1", "3"])
  })

  it("names the interface before the clock when both are taken", () => {
    const all = [
      claimant("a", "1", ["eth0"], true),
      claimant("a", "2", ["eth0"], true),
      claimant("a", "3", ["eth1"], true)
    ]
    assert.deepStrictEqual(findConflicts(all).conflicts.map(({ reason }) => reason), [
      "InterfaceConflict",
      "ClockConflict"
    ])
  })

  it.each([
    [claimant("cfg", "a-name-of-24-characters-52901", []), claimant("cfg", "a-name-of-24-characters-53144", [])],
    [claimant("cfg-147263", "p", ["eth0"]), claimant("cfg-39774", "p", ["eth1"])]
  ])("refuses a profile whose processes would have another one's ids, and names both", (first, second) => {
    const { conflicts, running } = findConflicts([second, first])
    assert.deepStrictEqual(running, [first])
    assert.deepStrictEqual(conflicts, [{
      loser: second,
      reason: "InvalidProfile",
      message: `its processes would have the same ids as those of profile "${first.name}" of ${first.config}: ` +
        "rename one of the two"
    }])
  })

  it("lets a pulse steer the clock of another profile's port, but not two pulses one clock", () => {
    const all = [
      claimant("a", "serve", ["eth0", "eth1"]),
      claimant("a", "follow", ["eth2"], true, ["eth0", "eth1"]),
      claimant("b", "other", ["eth3"], false, ["eth1"])
    ]
    const { conflicts, running } = findConflicts(all)
    assert.deepStrictEqual(running.map(({ name }) => name), ["follow", "serve"])
    assert.deepStrictEqual(conflicts.map(({ loser, message, reason }) => `${loser.name} ${reason} ${message}`), [
      "other InterfaceConflict the clock of eth1 is steered by profile \"follow\" of a"
    ])
  })

  const claimants = fc.uniqueArray(
    fc.record({
      name: fc.constantFrom("p", "q", "r", "s", "t"),
      ports: fc.subarray(["eth0", "eth1", "eth2"]),
      steered: fc.subarray(["eth0", "eth1", "eth2"]),
      isWriter: fc.boolean()
    }),
    { selector: ({ name }) => name }
  ).map((rows) => rows.map(({ isWriter, name, ports, steered }) => claimant("a", name, ports, isWriter, steered)))

  it("leaves one owner for each NIC and one writer, and drops nobody in silence", () => {
    fc.assert(fc.property(claimants, (all) => {
      const { conflicts, running } = findConflicts(all)
      for (const nics of [running.flatMap(({ ports }) => ports), running.flatMap(({ steeredNics }) => steeredNics)]) {
        assert.strictEqual(new Set(nics).size, nics.length)
      }
      assert.isAtMost(running.filter(({ systemClockWriters }) => systemClockWriters.length > 0).length, 1)
      assert.strictEqual(running.length + conflicts.length, all.length)
      assert.deepStrictEqual(findConflicts(all.toReversed()), { running, conflicts })
    }))
  })
})
