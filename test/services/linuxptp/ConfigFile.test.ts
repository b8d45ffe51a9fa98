import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import {
  type ConfigFile,
  emptyConfigFile,
  maxConfigTextLength,
  parseConfigFile,
  renderConfigFile,
  setOption
} from "../../../src/services/linuxptp/ConfigFile.ts"

const problemsOf = (text: string): ReadonlyArray<string> =>
  parseConfigFile(text).problems.map(({ line, message, option }) => `${line} ${option}: ${message}`)

/** The file with nothing but names, keys and values: a rendered file has other line numbers. */
const plain = (file: ConfigFile) =>
  file.sections.map(({ entries, name }) => ({ name, entries: entries.map(({ key, value }) => [key, value]) }))

const set = (text: string, section: string, key: string, value: string): string =>
  renderConfigFile(setOption(parseConfigFile(text).file, section, key, value))

const sample = `# comment
[global]
priority1\t 128
  # comment
userDescription a # b\r

[unicast_master_table]
table_id 1
UDPv4 10.0.0.1
UDPv4 10.0.0.2
[eth0]
[global]
priority1 127`

describe("parseConfigFile", () => {
  it.each(["", "\n", "# only\n", "\r\n \t\r\n"])("takes %j for an empty file", (text) => {
    assert.deepStrictEqual(parseConfigFile(text), { file: emptyConfigFile, problems: [] })
  })

  it("keeps order, duplicates and line numbers, and leaves out comments (L-36 repeated keys)", () => {
    assert.deepStrictEqual(parseConfigFile(sample), {
      file: {
        sections: [
          {
            name: "global",
            line: 2,
            entries: [{ key: "priority1", value: "128", line: 3 }, { key: "userDescription", value: "a # b", line: 5 }]
          },
          {
            name: "unicast_master_table",
            line: 7,
            entries: [
              { key: "table_id", value: "1", line: 8 },
              { key: "UDPv4", value: "10.0.0.1", line: 9 },
              { key: "UDPv4", value: "10.0.0.2", line: 10 }
            ]
          },
          { name: "eth0", line: 11, entries: [] },
          { name: "global", line: 12, entries: [{ key: "priority1", value: "127", line: 13 }] }
        ]
      },
      problems: []
    })
  })

  it.each([
    ["priority1 1", "1 priority1: stands before the first section"],
    ["[ global ]", "1 [ global ]: is a port named global to linuxptp: write [global] alone in its line"],
    ["[GLOBAL] # all", "1 [GLOBAL] # all: is a port named GLOBAL to linuxptp: write [GLOBAL] alone in its line"],
    [
      "[unicast_master_table] x",
      "1 [unicast_master_table] x: is a port named unicast_master_table to linuxptp: write [unicast_master_table] alone in its line"
    ],
    ["[ ] [", "1 [ ] [: is not a section: write [name]"],
    ["[]", "1 []: is not a section: write [name]"],
    ["[global]\npriority1 1\u0000", "2 : contains the control character U+0000"],
    ["[global]\rx 1", "1 : contains the control character U+000D"],
    ["[global]\nuserDescription a\u2028[eth0]", "2 : contains the control character U+2028"],
    ["\ufeff[global]", "1 : contains the control character U+FEFF"],
    [`[global]\nuserDescription ${"x".repeat(1000)}`, "2 : line is longer than 1000 bytes"],
    [`[global]\nuserDescription ${"é".repeat(500)}`, "2 : line is longer than 1000 bytes"]
  ])("refuses %j", (text, problem) => {
    assert.deepStrictEqual(problemsOf(text), [problem])
  })

  it.each<readonly [string, string, ReadonlyArray<string>]>([
    ["[eth0] # to the grandmaster", "eth0", []],
    ["[ eth1 ]", "eth1", []],
    ["  [\teth1]\t# x", "eth1", []],
    ["[eth0", "eth0", []],
    ["[[eth0]]", "eth0", []],
    ["[eth0]#x", "eth0", []],
    ["[Global]", "Global", []],
    ["[eth0][eth1]", "eth0", ["1 [eth0][eth1]: linuxptp does not read \"eth1\""]],
    ["[eth0] masterOnly 1", "eth0", ["1 [eth0] masterOnly 1: linuxptp does not read \"masterOnly 1\""]],
    ["[my eth0]", "my", ["1 [my eth0]: linuxptp does not read \"eth0\""]]
  ])("reads the head %j as linuxptp does", (text, name, problems) => {
    assert.deepStrictEqual(parseConfigFile(text).file.sections.map((section) => section.name), [name])
    assert.deepStrictEqual(problemsOf(text), problems)
  })

  it("refuses endless text with one problem", () => {
    const text = "[x]\n".repeat(maxConfigTextLength)
    assert.deepStrictEqual(parseConfigFile(text), {
      file: emptyConfigFile,
      problems: [{
        severity: "error",
        line: 0,
        option: "",
        message: "configuration text is longer than 65536 characters"
      }]
    })
  })

  it("never throws, and what it reads survives rendering", () => {
    const unit = fc.constantFrom(..."[]ab #>=\t\r\n\n\n\u0000\u2028é")
    fc.assert(
      fc.property(fc.string({ unit }), (text) => {
        const { file } = parseConfigFile(text)
        const again = parseConfigFile(renderConfigFile(file))
        assert.deepStrictEqual(plain(again.file), plain(file))
        assert.deepStrictEqual(again.problems, [])
      }),
      { numRuns: 1000 }
    )
  })
})

describe("renderConfigFile", () => {
  it("renders no sections as nothing", () => {
    assert.strictEqual(renderConfigFile(emptyConfigFile), "")
  })

  it("reads back any file: parse(render(file)) is the file", () => {
    const name = fc.string({ unit: fc.constantFrom(..."ab0._-"), minLength: 1, maxLength: 8 })
    const value = fc.string({ unit: fc.constantFrom(..."ab0 #[]"), maxLength: 8 }).map((text) => text.trim())
    const entry = fc.record({ key: name, value, line: fc.constant(0) })
    const section = fc.record({ name, entries: fc.array(entry) })
    fc.assert(fc.property(fc.array(section), (sections) => {
      assert.deepStrictEqual(plain(parseConfigFile(renderConfigFile({ sections })).file), plain({ sections }))
    }))
  })
})

describe("setOption", () => {
  it("makes [global] in front of the ports, so that no option lands in a port's section", () => {
    assert.strictEqual(
      set("[eth0]\nhybrid_e2e 1\n", "global", "verbose", "1"),
      "[global]\nverbose 1\n\n[eth0]\nhybrid_e2e 1\n"
    )
    assert.strictEqual(set("", "global", "verbose", "1"), "[global]\nverbose 1\n")
  })

  it("replaces every occurrence in sections of that name and no other", () => {
    assert.strictEqual(
      set("[global]\na 1\nb 2\na 3\n[eth0]\na 4\n[global]\na 5\n", "global", "a", "9"),
      "[global]\nb 2\na 9\n\n[eth0]\na 4\n\n[global]\n"
    )
  })

  it("makes another section at the end", () => {
    assert.strictEqual(set("[global]\na 1\n", "eth0", "b", "2"), "[global]\na 1\n\n[eth0]\nb 2\n")
  })
})
