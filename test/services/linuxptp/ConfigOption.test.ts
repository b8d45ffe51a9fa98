import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { currentName, findConfigOption, namesBeginningWith } from "../../../src/services/linuxptp/ConfigOption.ts"
import { type LinuxptpVersion, parseLinuxptpVersion } from "../../../src/services/linuxptp/LinuxptpVersion.ts"
import { isRestricted } from "../../../src/services/linuxptp/Setting.ts"
import { decimalMin, type ValueType } from "../../../src/services/linuxptp/ValueType.ts"

const version = (text: string): LinuxptpVersion => parseLinuxptpVersion(text) ?? assert.fail(text)

/** Rows `name scope type default least most` out of config.c of a release. */
const rowsOf = (release: string): ReadonlyArray<ReadonlyArray<string>> =>
  readFileSync(new URL(`../../fixtures/linuxptp/options-${release}.txt`, import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(" "))

/** Ranges that are narrower here than in linuxptp. */
const narrowed = (name: string): ReadonlyArray<string> | undefined => {
  if (/^(?:log|operLog)\w+Interval$/.test(name)) return ["-8", "8"]
  return name === "ntpshm_segment" ? ["0", "255"] : undefined
}

const bounds: Readonly<Record<string, string>> = {
  DBL_MAX: String(Number.MAX_VALUE),
  "-DBL_MAX": String(-Number.MAX_VALUE),
  DBL_MIN: String(decimalMin)
}

/** As the fixture writes it; words and patterns are ours to know. */
const describeType = (type: ValueType, initial: string | undefined): string => {
  switch (type._tag) {
    case "Integer":
      return `integer ${initial} ${type.min} ${type.max}`
    case "Decimal":
      return `decimal ${initial} ${type.min} ${type.max}`
    case "Word":
      return "word"
    case "Text":
      return "text"
  }
}

const describeRow = (name: string, type: ReadonlyArray<string>): string => {
  const [kind = "", initial = "", least = "", most = ""] = [...type.slice(0, 2), ...narrowed(name) ?? type.slice(2)]
  if (kind === "integer") return `integer ${initial} ${least} ${most}`
  if (kind !== "decimal") return kind
  return `decimal ${Number(initial)} ${Number(bounds[least] ?? least)} ${Number(bounds[most] ?? most)}`
}

describe("the table of configuration options", () => {
  it.each(["3.1.1", "4.0", "4.4"])("has the names, scopes, ranges and defaults of linuxptp %s", (release) => {
    const rows = rowsOf(release).filter(([name = ""]) => !isRestricted(name))
    assert.isAbove(rows.length, 100)
    const ours = rows.map(([name = ""]) => {
      const option = findConfigOption(version(release), name)
      return option !== undefined && "type" in option
        ? `${name} ${option.scope} ${describeType(option.type, option.default)}`
        : `${name} is missing`
    })
    assert.deepStrictEqual(
      ours,
      rows.map(([name = "", scope, ...type]) => `${name} ${scope} ${describeRow(name, type)}`)
    )
  })

  it.each(["3.1.1", "4.0", "4.4"])("has no option that linuxptp %s lacks", (release) => {
    const known = new Set(rowsOf(release).map(([name]) => name))
    const ours = namesBeginningWith(version(release), "")
    assert.isAbove(ours.length, 100)
    assert.deepStrictEqual(ours.filter((name) => !known.has(currentName(version(release), name))), [])
  })

  it.each([
    ["3.1.1", "clientOnly", "slaveOnly"],
    ["3.1.1", "slaveOnly", "slaveOnly"],
    ["4.0", "slaveOnly", "clientOnly"],
    ["4.4", "masterOnly", "serverOnly"],
    ["3.1.1", "serverOnly", "masterOnly"],
    ["4.4", "pi_max_frequency", "max_frequency"],
    ["4.4", "hybrid_e2e", "hybrid_e2e"]
  ])("linuxptp %s spells %s as %s", (release, name, expected) => {
    assert.strictEqual(currentName(version(release), name), expected)
  })

  it.each([
    ["3.1.1", "nonsense", undefined],
    ["3.1.1", "spp", "4.3"],
    ["4.4", "ts2phc.pin_name", "after 4.4"],
    ["2.0", "leapfile", "3.1"]
  ])("linuxptp %s lacks %s, which comes with %s", (release, name, since) => {
    assert.deepStrictEqual<unknown>(findConfigOption(version(release), name), since && { since })
  })
})
