import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { createHash } from "node:crypto"
import { processId } from "../../../src/services/profiles/ProcessId.ts"
import { sha256Hex } from "../../../src/services/profiles/Sha256.ts"

describe("sha256Hex", () => {
  it.each([
    ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    [
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ]
  ])("gives FIPS 180's digest of %j", (text, digest) => {
    assert.strictEqual(sha256Hex(text), digest)
  })

  it("agrees with the platform for every length and alphabet", () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom("a", "é", "€", "𝄞"), maxLength: 130 }), (text) => {
      assert.strictEqual(sha256Hex(text), createHash("sha256").update(text).digest("hex"))
    }))
  })
})

describe("processId", () => {
  it("is program, profile and 8 digits over object and profile", () => {
    const digits = createHash("sha256").update("grandmaster/profile1").digest("hex").slice(0, 8)
    assert.strictEqual(processId("ptp4l", "grandmaster", "profile1"), `ptp4l-profile1-${digits}`)
  })

  it("cuts long names to 24 characters and keeps them apart", () => {
    const a = processId("ptp4l", "x", `${"long".repeat(20)}a`)
    const b = processId("ptp4l", "x", `${"long".repeat(20)}b`)
    assert.strictEqual(a.length, "ptp4l-".length + 24 + 1 + 8)
    assert.notStrictEqual(a, b)
  })

  it("is a safe file name, whatever the profile is called", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (profile) => {
      assert.match(processId("phc2sys", "x", profile), /^phc2sys-[A-Za-z0-9_-]{0,24}-[0-9a-f]{8}$/)
    }))
  })
})
