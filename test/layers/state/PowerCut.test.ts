/** What FileLastKnownGood has after the power failed: what was saved, and at every moment of a save a whole version. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { makeForgetfulDisk, type UnsyncedNames } from "./ForgetfulDisk.ts"
import { openState } from "./StateDirectory.ts"

const directory = "/lib/linuxptp-daemon"
const everyDisk: ReadonlyArray<UnsyncedNames> = ["lost", "written"]

/** A disk on which 1, 2 and so on was saved, and nothing yet for 0. */
const savedDisk = Effect.fnUntraced(function*(saves: number) {
  const disk = makeForgetfulDisk()
  const { save } = yield* openState(directory, disk.layer)
  for (let number = 1; number <= saves; number++) yield* save(number)
  return disk
})

describe.each(everyDisk)("after a power cut, names that were not synced being %s", (unsynced) => {
  it.effect.each([1, 2, 3])(
    "what was saved last is there, with nothing to warn of: save %i",
    (saves) =>
      Effect.gen(function*() {
        const disk = (yield* savedDisk(saves)).afterCut(unsynced)
        const { load, takeWarnings } = yield* openState(directory, disk.layer)
        assert.strictEqual(yield* load, saves)
        assert.deepStrictEqual(takeWarnings(), [])
      })
  )

  it.effect.each([0, 1, 2])(
    "the old one or the new one is there, whatever call of the next save it cuts: save %i",
    (saves) =>
      Effect.gen(function*() {
        for (let power = 0, isSaved = false; !isSaved; power++) {
          const disk = (yield* savedDisk(saves)).afterCut(unsynced, power)
          const cutShort = yield* openState(directory, disk.layer)
          isSaved = yield* Effect.raceFirst(Effect.as(cutShort.save(saves + 1), true), Effect.as(disk.dark, false))
          const { load, save, takeWarnings } = yield* openState(directory, disk.afterCut(unsynced).layer)
          assert.include([saves, saves + 1], yield* load, `call ${power}`)
          assert.deepStrictEqual(takeWarnings(), [], `call ${power}`)
          yield* save(9)
          assert.strictEqual(yield* load, 9)
        }
      })
  )
})
