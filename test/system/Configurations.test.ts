/**
 * What a plan passes, the installed linuxptp takes, and what it refuses at its start is an error of the plan. The NICs do
 * not exist: a program that took its configuration looks for them next, and ends before it has touched anything.
 */
import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"
import type { PtpProfile } from "../../src/services/kubernetes/NodePTPCfg.ts"
import { parseLinuxptpVersion } from "../../src/services/linuxptp/LinuxptpVersion.ts"
import { splitShellWords } from "../../src/services/linuxptp/ShellWords.ts"
import { planProfile } from "../../src/services/profiles/ProfilePlan.ts"

type Fields = Omit<PtpProfile, "name">

const installed = parseLinuxptpVersion(spawnSync("ptp4l", ["-v"], { encoding: "utf8" }).stdout ?? "")

const nic = "nosuchnic0"
const other = "nosuchnic1"

const inDirectory = <A>(use: (directory: string) => A): A => {
  const directory = mkdtempSync(path.join(tmpdir(), "linuxptp-text-"))
  try {
    return use(directory)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const outputOf = ([program = "", ...words]: ReadonlyArray<string>): string => {
  const { error, signal, stderr, stdout } = spawnSync(program, words, { encoding: "utf8", timeout: 10_000 })
  assert.isUndefined(error)
  assert.isNull(signal)
  return stdout + stderr
}

/** It opened the file, read all of it and all options, and asked the kernel for the NIC. */
const tookConfiguration = (output: string): boolean => /No such device/.test(output)

const planOf = (fields: Fields, runDir: string) => {
  const version = installed ?? assert.fail("no version")
  return planProfile({ config: "c", profile: { name: "p", ...fields }, version, runDir })
}

const errorsOf = (fields: Fields): ReadonlyArray<string> =>
  planOf(fields, "/run/d").problems.filter(({ severity }) => severity === "error").map(({ message }) => message)

/** What each planned program says to what was planned for it. */
const answersTo = (fields: Fields): ReadonlyArray<string> =>
  inDirectory((directory) =>
    planOf(fields, directory).processes.map((spec) => {
      mkdirSync(spec.directory)
      for (const [file, text] of Object.entries(spec.files)) writeFileSync(file, text)
      return outputOf(spec.argv)
    })
  )

/** What a program says to the user's own words and text. */
const answerTo = (program: string, options: string, text?: string): string =>
  inDirectory((directory) => {
    const split = splitShellWords(options)
    const words = "words" in split ? split.words : assert.fail(options)
    if (text === undefined) return outputOf([program, ...words])
    const file = path.join(directory, "conf")
    writeFileSync(file, text)
    return outputOf([program, ...words, "-f", file])
  })

const sample = (name: string): string =>
  readFileSync(new URL(`../fixtures/linuxptp/${name}`, import.meta.url), "utf8").replaceAll(/\beth[0-9]\b/g, nic)

const port = `[${nic}]\n`
const unicast =
  `[unicast_master_table]\ntable_id 1 # west\nlogQueryInterval 2\nUDPv4 10.0.0.1\n${port}unicast_master_table 1\n`

describe.skipIf(installed === undefined)(
  `configurations and the installed linuxptp${installed === undefined ? " (skipped: needs the program ptp4l)" : ""}`,
  () => {
    it.each<readonly [string, Fields]>([
      ["no more than an interface", { interface: nic, ptp4lOpts: "-2 -s" }],
      ["the default configuration", { interface: nic, ptp4lConf: sample("default-3.1.1.cfg") }],
      ["G.8275.1", { interface: nic, ptp4lConf: sample("G.8275.1-3.1.1.cfg") }],
      ["a unicast client", { ptp4lConf: sample("UNICAST-SLAVE-3.1.1.cfg") }],
      ["heads with blanks and comments", { ptp4lConf: `[global]\ndomainNumber 0x18\n[ ${nic} ] # up\n[\t${other}]\n` }],
      ["a unicast table with comments", { ptp4lConf: unicast }],
      ["802.1AS", {
        interface: nic,
        ptp4lOpts: "-P -2",
        ptp4lConf: "[global]\ntransportSpecific 1\nfollow_up_info 1\nneighborPropDelayThresh 800\n"
      }],
      ["one step", { interface: nic, ptp4lConf: "[global]\ntwoStepFlag 0\n" }],
      ["a transparent clock", { ptp4lOpts: `-P --clock_type=P2P_TC -i ${nic} -i ${other}` }],
      ["a message tag", {
        interface: nic,
        ptp4lOpts: "--message_tag tag -l 4 -m",
        ptp4lConf: "[global]\nmessage_tag x\n"
      }],
      ["ASAP", {
        interface: nic,
        ptp4lOpts: "--fault_reset_interval asap",
        ptp4lConf: "[global]\nfault_badpeernet_interval ASAP\n"
      }],
      ["products in three parts", {
        interface: nic,
        ptp4lConf: "[global]\nproductDescription a;b;c\nuserDescription [x] é\n"
      }],
      ["servers without the algorithm", { ptp4lConf: `[global]\nBMCA noop\nmasterOnly 1\n${port}` }],
      ["phc2sys between two clocks", { phc2sysOpts: `-s ${nic} -c ${other} -O -37 -R 8 -N 10 -u 0 -E linreg` }],
      ["phc2sys by a clock of udev", { phc2sysOpts: `-s ${nic} -c /dev/ptp_nosuch -O 0 -t tag` }],
      ["ts2phc", { ts2phcOpts: `-s generic -c ${nic}`, ts2phcConf: "[global]\nuds_address /var/run/x\n" }],
      ["ts2phc by a receiver", {
        ts2phcConf:
          `[nmea]\nts2phc.master 1\n[global]\nts2phc.nmea_serialport /dev/ttyGNSS_1_0\n${port}ts2phc.channel 0\n`
      }]
    ])("take %s, as planned", (_, fields) => {
      assert.deepStrictEqual(errorsOf(fields), [])
      const answers = answersTo(fields)
      assert.isNotEmpty(answers)
      assert.deepStrictEqual(answers.filter((answer) => !tookConfiguration(answer)), [])
    })

    it.each<readonly [string, Fields]>([
      ["no interface", { ptp4lOpts: "-2" }],
      ["an unknown option", { interface: nic, ptp4lConf: "[global]\nsumary_interval 1\n" }],
      ["a comment after a value", { interface: nic, ptp4lConf: "[global]\npriority1 128 # low\n" }],
      ["a value out of range", { interface: nic, ptp4lOpts: "--priority1 256" }],
      ["an option of another place", { ptp4lConf: `${port}priority1 1\n` }],
      ["a head of [global] with a comment", { ptp4lConf: `[global] # all\npriority1 1\n${port}` }],
      ["a text before the first section", { interface: nic, ptp4lConf: "domainNumber 24\n" }],
      ["a boundary clock with one port", { interface: nic, ptp4lConf: "[global]\nclock_type BC\n" }],
      ["a transparent clock of the other delay mechanism", {
        ptp4lConf: `[global]\nclock_type P2P_TC\n${port}[${other}]\n`
      }],
      ["a client that can't be a grandmaster", {
        interface: nic,
        ptp4lOpts: "-s",
        ptp4lConf: "[global]\ngmCapable 0\n"
      }],
      ["one step by software", { interface: nic, ptp4lOpts: "-S --twoStepFlag=0" }],
      ["a product in two parts", { interface: nic, ptp4lConf: "[global]\nproductDescription a;b\n" }],
      ["a hexadecimal id of a table", { interface: nic, ptp4lConf: "[unicast_master_table]\ntable_id 0x1\n" }]
    ])("of ptp4l refuse %s, and so does the plan", (_, fields) => {
      assert.isNotEmpty(errorsOf(fields))
      const options = `${fields.ptp4lOpts ?? ""}${
        fields.interface === undefined ? "" : ` -i ${fields.interface}`
      } -m -q`
      assert.isFalse(tookConfiguration(answerTo("ptp4l", options, fields.ptp4lConf)))
    })

    it.each([
      ["phc2sys", `-a -s ${nic}`],
      ["phc2sys", `-s ${nic} -E pie -O 0`],
      ["phc2sys", `-s ${nic} -O x`],
      ["ts2phc", "-s generic"],
      ["ts2phc", `-s generic -s nmea -c ${nic}`]
    ])("of %s refuse the options %j, and so does the plan", (program, options) => {
      assert.isNotEmpty(errorsOf(program === "phc2sys" ? { phc2sysOpts: options } : { ts2phcOpts: options }))
      assert.isFalse(tookConfiguration(answerTo(program, `${options} -m -q`)))
    })
  }
)
