import { assert, describe, it } from "@effect/vitest"
import { readCommandLine } from "../../../../src/layers/simulated/linuxptp/CommandLine.ts"
import { chooseClocks } from "../../../../src/layers/simulated/linuxptp/Phc2sysClocks.ts"
import { readPhc2sysSettings } from "../../../../src/layers/simulated/linuxptp/Phc2sysSettings.ts"
import type { Ptp4lAnswer, SimulatedPortState } from "../../../../src/layers/simulated/linuxptp/SimulatedProgram.ts"
import { specOf } from "./SimulatedNode.ts"

const answer = (ports: Readonly<Record<string, SimulatedPortState>>): Ptp4lAnswer => ({
  clockIdentity: "507c6f.fffe.000000",
  usesPhc: true,
  ports: Object.entries(ports).map(([nic, state]) => ({ nic, state })),
  grandmaster: undefined,
  sample: undefined
})

/** ens1f0 and ens1f1 are on PHC 1, ens2f0 is on PHC 2. */
const phcOf = (nic: string): number | undefined => Number(nic.slice(3, 4))

const choose = (words: ReadonlyArray<string>, ...answers: ReadonlyArray<Ptp4lAnswer>) => {
  const settings = readPhc2sysSettings(readCommandLine(specOf("phc2sys", { words })), { major: 4, minor: 4, patch: 0 })
  const { messages, pairs } = chooseClocks(answers, settings, phcOf)
  return {
    steered: pairs.map(({ label, sink }) => `${sink} by ${label}`),
    last: messages.at(-1)?.text
  }
}

describe("chooseClocks", () => {
  const cases = [
    ["no ptp4l", ["-a", "-r"], [], [], "reconfiguring after port state change"],
    [
      "two domains with every kind of port",
      ["-a", "-r", "-r"],
      [answer({ ens1f0: "SLAVE", ens1f1: "MASTER", ens2f0: "MASTER" }), answer({ ens3f0: "SLAVE", ens4f0: "FAULTY" })],
      ["ens2f0 by phc", "CLOCK_REALTIME by phc", "ens4f0 by phc"],
      "selecting ens1f0 as out-of-domain source clock"
    ],
    [
      "a port that is not yet in step",
      ["-a", "-r"],
      [answer({ ens1f0: "UNCALIBRATED" })],
      [],
      "source clock not ready, waiting..."
    ],
    ["a grandmaster", ["-a", "-r"], [answer({ ens1f0: "MASTER" })], [], "nothing to synchronize"],
    [
      "a grandmaster on system time",
      ["-a", "-r", "-r"],
      [answer({ ens1f0: "MASTER" })],
      ["ens1f0 by sys"],
      "selecting CLOCK_REALTIME as domain source clock"
    ],
    [
      "PHCs only",
      ["-a"],
      [answer({ ens1f0: "SLAVE", ens2f0: "MASTER" })],
      ["ens2f0 by phc"],
      "selecting ens1f0 as domain source clock"
    ],
    [
      "two ports on one PHC",
      ["-a", "-r"],
      [answer({ ens1f0: "MASTER", ens1f1: "SLAVE" })],
      ["CLOCK_REALTIME by phc"],
      "selecting ens1f0 as domain source clock"
    ]
  ] as const
  for (const [name, words, answers, steered, last] of cases) {
    it(`steers what linuxptp would: ${name}`, () => {
      assert.deepStrictEqual(choose(words, ...answers), { steered: [...steered], last })
    })
  }
})
