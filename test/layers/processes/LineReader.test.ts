import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { escapeControlCharacters, makeLineReader } from "../../../src/layers/processes/LineReader.ts"

const readAll = (chunks: ReadonlyArray<string | Uint8Array>, nowMillis = 0) => {
  const lines: Array<string> = []
  const reader = makeLineReader((line) => lines.push(line))
  for (const chunk of chunks) reader.read(Buffer.from(chunk), nowMillis)
  reader.end()
  return lines
}

describe("LineReader", () => {
  it("gives no line for no output", () => assert.deepStrictEqual(readAll([]), []))

  it("joins lines and characters that arrive in pieces, and gives the last line without a newline", () => {
    const bytes = Buffer.from("rms 1 µs\r\nmax")
    assert.deepStrictEqual(readAll([bytes.subarray(0, 7), bytes.subarray(7)]), ["rms 1 µs", "max"])
  })

  it("escapes control characters, so that a line can't steer a terminal", () => {
    const [line, escaped] = ["a\u001b[2Jb\tc\u0085d\u2028", "a\\x1b[2Jb\\x09c\\x85d\\u2028"]
    assert.strictEqual(escapeControlCharacters(line), escaped)
    assert.deepStrictEqual(readAll([line]), [escaped])
  })

  it("cuts a line of 10 MB and finds the next one", () => {
    const lines = readAll([...Array.from({ length: 160 }, () => "x".repeat(65_536)), "\nnext\n"])
    assert.deepStrictEqual(lines.map((line) => line.length), [4_096, 4])
  })

  it("hands on 2,000 lines in a window, and after it begins with a whole line", () => {
    const lines: Array<string> = []
    const reader = makeLineReader((line) => lines.push(line))
    reader.read(Buffer.from("flood\n".repeat(2_500)), 0)
    reader.read(Buffer.from("flood\nthe beginning of a line "), 10)
    reader.read(Buffer.from("ptp4l[1.000]: forged "), 20)
    reader.read(Buffer.from("still the same line\nnext\n"), 300)
    assert.strictEqual(lines.length, 2_002)
    assert.deepStrictEqual(lines.slice(-2), [
      "the beginning of a line ptp4l[1.000]: forged still the same line",
      "next"
    ])
  })

  it("hands on nothing of a line that began and ended during the flood", () => {
    const lines: Array<string> = []
    const reader = makeLineReader((line) => lines.push(line))
    reader.read(Buffer.from("flood\n".repeat(2_000) + "one "), 0)
    reader.read(Buffer.from("and its end\nanother "), 10)
    reader.read(Buffer.from("one\nlast"), 20)
    reader.end()
    assert.deepStrictEqual(lines.slice(2_000), ["last"])
  })

  it("cuts a line of 3-byte characters at 4,096 characters, none of them broken", () => {
    const [cut, next] = readAll([Buffer.from(`x${"€".repeat(5_000)}\nnext`)])
    assert.strictEqual(cut, `x${"€".repeat(4_095)}`)
    assert.strictEqual(next, "next")
  })

  it("shows bytes that are no characters as such, and goes on", () =>
    assert.deepStrictEqual(readAll([new Uint8Array([0x61, 0xff, 0xc3, 0x0a, 0x62])]), ["a\ufffd\ufffd", "b"]))

  it("gives the same lines however the bytes are cut", () =>
    fc.assert(fc.property(
      fc.array(fc.string({ unit: "grapheme", maxLength: 12 }), { maxLength: 12 }),
      fc.array(fc.nat(20)),
      (texts, cuts) => {
        const bytes = Buffer.from(texts.join("\n"))
        const pieces: Array<Buffer> = []
        let from = 0
        for (const cut of cuts) {
          pieces.push(bytes.subarray(from, from + cut))
          from += cut
        }
        assert.deepStrictEqual(readAll([...pieces, bytes.subarray(from)]), readAll([bytes]))
      }
    )))

  it("keeps a line whose whole text came during the flood", () => {
    const lines: Array<string> = []
    const reader = makeLineReader((line) => lines.push(line))
    reader.read(Buffer.from("flood\n".repeat(2_000)), 0)
    reader.read(Buffer.from("flood\nwhole"), 10)
    reader.read(Buffer.from(" line\n"), 300)
    assert.strictEqual(lines.at(-1), "whole line")
  })
})
