import { assert, describe, it } from "@effect/vitest"
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

  it("escapes control characters, so that a line can't steer a terminal", () =>
    assert.strictEqual(escapeControlCharacters("a\u001b[2Jb\tc\u0085d\u2028"), "a\\x1b[2Jb\\x09c\\x85d\\u2028"))

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
    assert.strictEqual(lines.length, 2_001)
    assert.strictEqual(lines.at(-1), "next")
  })

  it("keeps a line whose whole text came during the flood", () => {
    const lines: Array<string> = []
    const reader = makeLineReader((line) => lines.push(line))
    reader.read(Buffer.from("flood\n".repeat(2_000)), 0)
    reader.read(Buffer.from("flood\nwhole"), 10)
    reader.read(Buffer.from(" line\n"), 300)
    assert.strictEqual(lines.at(-1), "whole line")
  })
})
