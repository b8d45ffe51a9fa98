import { assert, describe, it } from "@effect/vitest"
import { readConfigText } from "../../../src/services/linuxptp/ConfigText.ts"
import { optionValue, type ProgramOptions } from "../../../src/services/linuxptp/EffectiveOption.ts"
import type { LinuxptpVersion } from "../../../src/services/linuxptp/LinuxptpVersion.ts"
import { readOptions } from "../../../src/services/linuxptp/Options.ts"

const v3: LinuxptpVersion = { major: 3, minor: 1, patch: 1 }
const v4: LinuxptpVersion = { major: 4, minor: 4, patch: 0 }

const given = (
  program: "ptp4l" | "phc2sys",
  options: string,
  text = "",
  version = v4
): ProgramOptions => ({
  program,
  version,
  arguments: readOptions(program, version, options).arguments,
  file: readConfigText(program, version, text).file
})

describe("optionValue", () => {
  it.each([
    ["domainNumber", "0"],
    ["transportSpecific", "0"],
    ["time_stamping", "hardware"],
    ["clock_servo", "pi"],
    ["free_running", "0"],
    ["boundary_clock_jbod", "0"],
    ["slaveOnly", "0"],
    ["leapfile", undefined],
    ["nonsense", undefined]
  ])("knows linuxptp's own value of %s: %s", (name, value) => {
    assert.strictEqual(optionValue(given("ptp4l", ""), name), value)
  })

  it.each([
    ["-s", "slaveOnly", "1"],
    ["-s", "clientOnly", "1"],
    ["-2", "network_transport", "L2"],
    ["-S", "time_stamping", "software"],
    ["-E", "delay_mechanism", "E2E"],
    ["--domainNumber 0x18", "domainNumber", "24"],
    ["-S -H", "time_stamping", "hardware"],
    ["-l 7", "logging_level", "7"]
  ])("reads %s of ptp4l as %s %s", (options, name, value) => {
    assert.strictEqual(optionValue(given("ptp4l", options, "", v3), name), value)
    assert.strictEqual(optionValue(given("ptp4l", options, "", v4), name), value)
  })

  it.each([
    ["-E linreg", "clock_servo", "linreg"],
    ["-n 24", "domainNumber", "24"],
    ["-x", "kernel_leap", "0"],
    ["-s eth0", "clientOnly", "0"]
  ])("reads %s of phc2sys as %s %s", (options, name, value) => {
    assert.strictEqual(optionValue(given("phc2sys", options), name), value)
  })

  const text = "[global]\ndelay_mechanism P2P\ndomainNumber 1\ndomainNumber 2\n[eth0]\ndelay_mechanism Auto\n"

  it("lets the command line beat [global], and the last of several win (L-38 command line unseen)", () => {
    assert.strictEqual(optionValue(given("ptp4l", "", text), "domainNumber"), "2")
    assert.strictEqual(optionValue(given("ptp4l", "--domainNumber 3", text), "domainNumber"), "3")
    assert.strictEqual(optionValue(given("ptp4l", "-E", text), "delay_mechanism"), "E2E")
  })

  it("lets a port's section beat the command line, for that port only, as linuxptp does", () => {
    assert.strictEqual(optionValue(given("ptp4l", "-E", text), "delay_mechanism", "eth0"), "Auto")
    assert.strictEqual(optionValue(given("ptp4l", "-E", text), "delay_mechanism", "eth1"), "E2E")
    assert.strictEqual(optionValue(given("ptp4l", "", text), "delay_mechanism", "eth1"), "P2P")
  })
})
