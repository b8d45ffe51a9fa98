import { assert, describe, it } from "@effect/vitest"
import { ntpServerCommand, timemasterChildren } from "../../../../src/layers/simulated/linuxptp/TimemasterChildren.ts"
import { parseConfigFile } from "../../../../src/services/linuxptp/ConfigFile.ts"
import { readTimemasterHead } from "../../../../src/services/linuxptp/TimemasterText.ts"
import { nic, specOf } from "./SimulatedNode.ts"

const node = { name: "worker-1", interfaces: [nic("ens1f0", 0), nic("eth0", undefined)], hearsGrandmaster: true }

const childrenOf = (text: string, version = { major: 4, minor: 4, patch: 0 }) =>
  timemasterChildren(parseConfigFile(text, readTimemasterHead).file, { spec: specOf("timemaster"), version, node })

describe("timemasterChildren", () => {
  it("starts nothing without a domain", () => {
    assert.deepStrictEqual(childrenOf(""), [])
  })

  it("starts a ptp4l for each PHC of each domain, and a phc2sys where there is a PHC", () => {
    const children = childrenOf(`[ptp_domain 24]
interfaces ens1f0 eth0
phc2sys_poll 1
ptp4l_option priority1 7
[ptp_domain 25]
interfaces ens1f0
[timemaster]
rundir /run/t
[ptp4l.conf]
>[ens1f0]
logSyncInterval -3
[ptp4l]
options -l 6 -m
`)
    assert.deepStrictEqual(children.map(({ argv }) => argv.join(" ")), [
      "ptp4l -l 6 -m -f /run/t/ptp4l.0.conf -H -i ens1f0",
      "phc2sys -l 5 -a -r -R 0.50 -z /run/t/ptp4l.0.socket -t [24:ens1f0] -n 24 -E refclock_sock --refclock_sock_address /run/t/chrony.SOCK0",
      "ptp4l -l 6 -m -f /run/t/ptp4l.1.conf -S -i eth0",
      "ptp4l -l 6 -m -f /run/t/ptp4l.2.conf -H -i ens1f0",
      "phc2sys -l 5 -a -r -R 1.00 -z /run/t/ptp4l.2.socket -t [25:ens1f0] -n 25 -E refclock_sock --refclock_sock_address /run/t/chrony.SOCK2"
    ])
    const { sections } = parseConfigFile(children[0]?.files["/run/t/ptp4l.0.conf"] ?? "").file
    assert.deepStrictEqual(sections.map(({ name }) => name), ["global", "ens1f0"])
    const global = (sections[0]?.entries ?? []).map(({ key, value }) => `${key} ${value}`)
    assert.include(global, "priority1 7")
    assert.include(global, "message_tag [24:ens1f0]")
  })

  it("tells chronyd through shared memory before linuxptp 4.0", () => {
    const [, phc2sys] = childrenOf("[ptp_domain 0]\ninterfaces ens1f0\n", { major: 3, minor: 1, patch: 1 })
    assert.deepStrictEqual(phc2sys?.argv.slice(-4), ["-E", "ntpshm", "-M", "0"])
  })
})

const commandOf = (text: string) => ntpServerCommand(parseConfigFile(text, readTimemasterHead).file).join(" ")

describe("ntpServerCommand", () => {
  it("is chronyd unless the file says ntpd", () => {
    assert.strictEqual(commandOf(""), "chronyd -n -f /var/run/timemaster/chrony.conf")
    const ntpd = "[timemaster]\nntp_program ntpd\nrundir /run/t\n[ntpd]\noptions -4\n"
    assert.strictEqual(commandOf(ntpd), "ntpd -4 -n -c /run/t/ntp.conf")
  })
})
