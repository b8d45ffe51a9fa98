import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { crc32 } from "node:zlib"
import { parseKnownGood, renderKnownGood } from "../../../src/layers/state/KnownGoodText.ts"
import type { KnownGood } from "../../../src/services/profiles/LastKnownGood.ts"

const profile = { name: "p", interface: "eth0", ptp4lOpts: "-2" }
const version = { uid: "uid-a", profile, generation: 1 }
const rejected = { ...version, by: "FailedToStart" as const, message: "device busy" }
const recommend = [{ profile: "p", priority: 4, match: [{ nodeName: "worker-1" }] }]
const good: KnownGood = {
  node: { name: "worker-1", labels: {} },
  memory: {
    objects: [{ name: "a", uid: "uid-a", generation: 1, profiles: [profile], recommend }],
    profiles: [version],
    worked: [version],
    rejected: [rejected]
  }
}

describe("the text of the last configuration that worked", () => {
  it("of an earlier daemon is read: its rejections are not final", () => {
    const knownGood: unknown = JSON.parse(JSON.stringify(good))
    const old = JSON.stringify({ schemaVersion: 1, crc32: crc32(JSON.stringify(knownGood)), knownGood })
    assert.deepStrictEqual(Result.getOrThrow(parseKnownGood(old)), good)
  })

  it("tells a text that was refused from a failure of the environment, and holds what recommendations meant", () => {
    const whole: KnownGood = {
      ...good,
      memory: {
        ...good.memory,
        rejected: [rejected, { ...rejected, generation: 2, isFinal: true, linuxptp: "4.2" }],
        references: [{ by: "uid-b", profile: "p", holder: "uid-a" }]
      }
    }
    assert.deepStrictEqual(Result.getOrThrow(parseKnownGood(renderKnownGood(whole))), whole)
  })
})
