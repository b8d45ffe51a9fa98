import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { renderEventJson, renderEventText } from "../../../src/programs/cli/ParseText.ts"
import { parsePastedLine } from "../../../src/services/linuxptp/PastedLine.ts"

const json = (line: string): string => renderEventJson(parsePastedLine(line))
const text = (line: string): string => renderEventText(parsePastedLine(line))

describe("renderEventJson", () => {
  it.each([
    ["", `{"kind":"unframed","text":""}`],
    [
      "ptp4l[1.250]: [0:eth0] port 1 (eth0): SLAVE to FAULTY on FAULT_DETECTED (FT_UNSPECIFIED)",
      `{"program":"ptp4l","uptime":1.25,"tag":"[0:eth0]","kind":"portState","port":1,"interface":"eth0",`
      + `"from":"SLAVE","to":"FAULTY","event":"FAULT_DETECTED","fault":"FT_UNSPECIFIED"}`
    ],
    [
      "phc2sys[1.000]: CLOCK_REALTIME phc offset -5 s2 freq +7 delay 9",
      `{"program":"phc2sys","uptime":1,"kind":"offset","source":"phc","clock":"CLOCK_REALTIME","offsetNs":-5,`
      + `"servoState":"s2","frequencyPpb":7,"delayNs":9}`
    ],
    [
      "ts2phc[1.000]: eth0 offset -5 s3 freq +7 holdover",
      `{"program":"ts2phc","uptime":1,"kind":"offset","clock":"eth0","offsetNs":-5,"servoState":"s3","frequencyPpb":7}`
    ],
    [
      "ptp4l[1.000]: rms 1 max 2 freq -3 +/- 4 delay 5 +/- 6",
      `{"program":"ptp4l","uptime":1,"kind":"summary","rmsNs":1,"maxNs":2,"frequencyPpb":-3,"frequencyStdDevPpb":4,`
      + `"delayNs":5,"delayStdDevNs":6}`
    ],
    [
      "ptp4l[1.000]: selected local clock c6776d.fffe.316e19 as best master",
      `{"program":"ptp4l","uptime":1,"kind":"bestMaster","clockIdentity":"c6776d.fffe.316e19","local":true}`
    ],
    [
      "ptp4l[1.000]: link down",
      `{"program":"ptp4l","uptime":1,"kind":"fault","text":"link down",`
      + `"hint":"no carrier on this NIC: check cable, SFP and the peer's port"}`
    ],
    [
      "ptp4l[2515.712]: master offset 1612345047363283513 s0 freq +100000000 path delay   26433466",
      `{"program":"ptp4l","uptime":2515.712,"kind":"offset","source":"master","offsetNs":1612345047363283513,`
      + `"servoState":"s0","frequencyPpb":100000000,"delayNs":26433466}`
    ],
    [
      "ptp4l[1.000]: rms 1612345047363283456 max 1612345047363283712 freq -3 +/- 4 delay -9223372036854775808 +/- 6",
      `{"program":"ptp4l","uptime":1,"kind":"summary","rmsNs":1612345047363283456,"maxNs":1612345047363283712,`
      + `"frequencyPpb":-3,"frequencyStdDevPpb":4,"delayNs":-9223372036854775808,"delayStdDevNs":6}`
    ],
    ["ptp4l[1.000]: hello", `{"program":"ptp4l","uptime":1,"kind":"message","text":"hello"}`],
    ["a\u001bb\u009bc\u2028d", `{"kind":"unframed","text":"a\\u001bb\\u009bc\\u2028d"}`]
  ])("prints %j with the fields of the contract, in its order", (line, expected) => {
    assert.strictEqual(json(line), expected)
  })

  it("is one line of JSON without control characters that says the same as the event", () => {
    fc.assert(fc.property(fc.array(fc.nat(0xffff)), fc.constantFrom("", "ptp4l[1.000]: "), (units, frame) => {
      const event = parsePastedLine(frame + String.fromCharCode(...units))
      const printed = renderEventJson(event)
      assert.notMatch(printed, /[\p{Cc}\u2028\u2029]/u)
      assert.deepEqual(JSON.parse(printed), event)
    }))
  })
})

describe("renderEventText", () => {
  it.each([
    ["", "                         "],
    ["usage: ptp4l", "                         usage: ptp4l"],
    ["ptp4l[1.250]: hello", "       1.250 ptp4l      hello"],
    [
      "ptp4l[1.250]: [0:eth0] port 1 (eth0): SLAVE to FAULTY on FAULT_DETECTED (FT_UNSPECIFIED)",
      "       1.250 ptp4l      [0:eth0] port 1 (eth0): SLAVE -> FAULTY on FAULT_DETECTED (FT_UNSPECIFIED)"
    ],
    [
      "ts2phc[1.250]: eth0 offset -5 s3 freq +7 holdover",
      "       1.250 ts2phc     eth0 offset -5 ns, s3, frequency +7 ppb, holdover"
    ],
    [
      "ptp4l[1.250]: master offset -5 s0 freq -0 path delay -9",
      "       1.250 ptp4l      offset -5 ns from master, s0, frequency +0 ppb, delay -9 ns"
    ],
    [
      "phc2sys[1.250]: CLOCK_REALTIME rms 1 max 2 freq -3 +/- 4 delay 5 +/- 6",
      "       1.250 phc2sys    CLOCK_REALTIME offset rms 1 ns, max 2 ns, frequency -3 ± 4 ppb, delay 5 ± 6 ns"
    ],
    [
      "ptp4l[1.250]: selected local clock c6776d.fffe.316e19 as best master",
      "       1.250 ptp4l      best master is c6776d.fffe.316e19, this clock itself"
    ],
    [
      "ptp4l[1.250]: link down",
      "       1.250 ptp4l      fault: link down\n"
      + "                         hint: no carrier on this NIC: check cable, SFP and the peer's port"
    ],
    [
      "ptp4l[1.250]: master offset 1612345047363283513 s0 freq +100000000 path delay 9",
      "       1.250 ptp4l      offset 1612345047363283513 ns from master, s0, frequency +100000000 ppb, delay 9 ns"
    ],
    ["ptp4l[1.250]: a\u001b[2Jb\u009bc\u202ed", "       1.250 ptp4l      a\\u001b[2Jb\\u009bc\\u202ed"]
  ])("prints %j for people", (line, expected) => {
    assert.strictEqual(text(line), expected)
  })
})
