import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import {
  numberSetting,
  readCommandLine,
  setting,
  voiceOf
} from "../../../../src/layers/simulated/linuxptp/CommandLine.ts"
import { specOf } from "./SimulatedNode.ts"

describe("readCommandLine", () => {
  it("finds nothing but the file in a command line without options", () => {
    const read = readCommandLine(specOf("ptp4l", { file: "" }))
    assert.deepStrictEqual([...read.options.keys()], ["f"])
    assert.deepStrictEqual(read.unknownLetters, [])
    assert.strictEqual(read.sections.size, 0)
    assert.isUndefined(read.missingFile)
  })

  it("reads clusters, attached values, long options in both spellings, and sections", () => {
    const words = ["-s2", "-iens1f0", "-i", "ens2f0", "--priority1=1", "--priority2", "2"]
    const read = readCommandLine(
      specOf("ptp4l", { words, file: "[global]\ndomainNumber 24\npriority1 9\n[ens1f0]\nserverOnly 1\n" })
    )
    assert.deepStrictEqual(read.options.get("i"), ["ens1f0", "ens2f0"])
    assert.isTrue(read.options.has("s") && read.options.has("2"))
    assert.strictEqual(setting(read, "priority1"), "1")
    assert.strictEqual(numberSetting(read, "priority2", 0), 2)
    assert.strictEqual(numberSetting(read, "domainNumber", 0), 24)
    assert.strictEqual(read.sections.get("ens1f0")?.get("serverOnly"), "1")
  })

  it("skips a scheduling policy in front of the program", () => {
    const spec = specOf("phc2sys", { words: ["-a", "-r", "-r"] })
    const read = readCommandLine({ ...spec, argv: ["chrt", "--fifo", "10", ...spec.argv] })
    assert.deepStrictEqual(read.options.get("r"), ["", ""])
    assert.isFalse(read.options.has("fifo"))
  })

  it("tells the letters that the program does not know, and a file that is not there", () => {
    const spec = specOf("ptp4l", { words: ["-Zs"] })
    const read = readCommandLine({ ...spec, files: {} })
    assert.deepStrictEqual(read.unknownLetters, ["Z"])
    assert.match(read.missingFile ?? "", /ptp4l\.conf$/)
  })

  it("gives numbers only for numbers", () => {
    const read = readCommandLine(specOf("ptp4l", { words: ["--priority1=high"] }))
    assert.strictEqual(numberSetting(read, "priority1", 128), 128)
  })

  it("takes the tag and the level where the program has them", () => {
    const voice = voiceOf("phc2sys", readCommandLine(specOf("phc2sys", { words: ["-a", "-t", "[x]", "-l", "7"] })))
    assert.deepStrictEqual(voice, { program: "phc2sys", tag: "[x]", loggingLevel: 7 })
  })

  it("never throws, whatever the words and the file", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.string(), (words, file) => {
        assert.isDefined(readCommandLine(specOf("ts2phc", { words, file })).options)
      })
    )
  })
})
