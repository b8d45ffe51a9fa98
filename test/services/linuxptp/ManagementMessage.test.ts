import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import {
  currentDataSet,
  notifications,
  numberPorts,
  parentDataSet,
  portDataSet,
  subscription,
  timeStatusNp
} from "../../../src/services/linuxptp/ManagementDataSet.ts"
import * as ManagementMessage from "../../../src/services/linuxptp/ManagementMessage.ts"
import { portStates } from "../../../src/services/linuxptp/PortState.ts"
import { answersOf3_1_1, answersOf4_4, bytesOf } from "./RecordedAnswers.ts"

const { decode, encode, managementId } = ManagementMessage

const question: ManagementMessage.ManagementMessage = {
  action: "GET",
  id: managementId.portDataSet,
  sequenceId: 0x0102,
  domainNumber: 24,
  transportSpecific: 1,
  source: { clockIdentity: 0x02ff_fe01_0203_0405n, portNumber: 4242 },
  target: ManagementMessage.everyPort,
  data: new Uint8Array()
}

const bits = (count: number) => fc.nat(2 ** count - 1)
const bytes = fc.array(bits(8)).map((numbers) => Uint8Array.from(numbers))
const identity = fc.record({ clockIdentity: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), portNumber: bits(16) })
const message = fc.record<ManagementMessage.ManagementMessage>({
  action: fc.constantFrom("GET", "SET", "RESPONSE"),
  id: bits(16),
  sequenceId: bits(16),
  domainNumber: bits(8),
  transportSpecific: bits(4),
  source: identity,
  target: identity,
  data: bytes
})

describe("a management message", () => {
  it("asks as pmc -b 0 does: every port of one clock, and nothing is passed on", () =>
    assert.deepStrictEqual(
      encode(question),
      bytesOf(
        "1d 02 0036 18 00 0000 0000000000000000 00000000 02fffe0102030405 1092 0102 04 7f" +
          "ffffffffffffffff ffff 00 00 00 00  0001 0002 2004"
      )
    ))

  it.each([
    ["3.1.1", answersOf3_1_1, 0x5af8_5dff_fee8_6e35n],
    ["4.4", answersOf4_4, 0xb621_6eff_fef8_dbden]
  ])("reads what ptp4l %s answers", (_, answers, clockIdentity) => {
    const [defaultDataSet, parent, , port2] = answers.map(decode)
    assert.deepInclude(defaultDataSet, {
      action: "RESPONSE",
      id: managementId.defaultDataSet,
      sequenceId: 7,
      domainNumber: 0,
      transportSpecific: 0,
      source: { clockIdentity, portNumber: 0 },
      target: question.source
    })
    assert.strictEqual(numberPorts(defaultDataSet?.data ?? new Uint8Array()), 2)
    assert.deepStrictEqual(parentDataSet(parent?.data ?? new Uint8Array()), {
      clockClass: 248,
      grandmaster: clockIdentity
    })
    assert.strictEqual(port2?.source.portNumber, 2)
    assert.deepStrictEqual(portDataSet(port2?.data ?? new Uint8Array()), { number: 2, state: "LISTENING" })
  })

  it("keeps its data when the buffer that it came in is used again", () => {
    const buffer = Buffer.from(answersOf3_1_1[1] ?? [])
    const message = decode(buffer)
    buffer.fill(0)
    assert.strictEqual(parentDataSet(message?.data ?? new Uint8Array())?.clockClass, 248)
  })

  it.each([
    ["another message type", 0, 0x0b],
    ["version 1", 1, 0x01],
    ["a length beyond the datagram", 3, 0x37],
    ["a length before the data set", 3, 0x35],
    ["the action COMMAND", 46, 3],
    ["an error status instead of a data set", 49, 2],
    ["a data set beyond the message", 51, 3],
    ["a data set without an id", 51, 1]
  ])("is none with %s", (_, at, value) => {
    const bytes = Uint8Array.from(encode(question))
    bytes[at] = value
    assert.isUndefined(decode(bytes))
  })

  it("is none when it is cut short anywhere", () => {
    for (const bytes of answersOf3_1_1) {
      for (let length = 0; length < bytes.length; length++) assert.isUndefined(decode(bytes.subarray(0, length)))
    }
  })

  it("is read as it was written", () => {
    fc.assert(fc.property(message, (one) => assert.deepStrictEqual(decode(encode(one)), one)))
  })

  it("never throws on any bytes", () => {
    fc.assert(fc.property(bytes, bits(16), (some, at) => {
      for (const read of [numberPorts, parentDataSet, portDataSet, currentDataSet, timeStatusNp]) read(some)
      const broken = Uint8Array.from(answersOf3_1_1[2] ?? [])
      broken.set(some.subarray(0, 8), at % (broken.length - 8))
      for (const read of [decode(some), decode(broken)]) assert.include(["object", "undefined"], typeof read)
    }))
  })
})

const withState = (state: number) => Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0x02, state])

describe("a port data set", () => {
  it("has the states of fsm.h by their numbers from 1", () =>
    assert.deepStrictEqual(portStates.map((_, index) => portDataSet(withState(index + 1))?.state), [...portStates]))

  it.each([0, 11, 255])("is none with the state %i", (state) => assert.isUndefined(portDataSet(withState(state))))
})

/** tlv.h, struct time_status_np: -17, 1700000000123456789, five fields that are 0, gmPresent, gmIdentity. */
const recordedTimeStatus = bytesOf(
  "ffffffffffffffef 17979cfe3d85cd15 00000000 00000000 0000 0000 0000000000000000 0000 00000001 aa11bbfffecc22dd"
)

describe("a time status", () => {
  it("has a signed offset, the time of its sample and the grandmaster", () =>
    assert.deepStrictEqual(timeStatusNp(recordedTimeStatus), {
      offsetNs: -17,
      ingressTime: 1_700_000_000_123_456_789n,
      grandmaster: 0xaa11_bbff_fecc_22ddn
    }))

  it("has no grandmaster where the local clock is one", () => {
    const local = Uint8Array.from(recordedTimeStatus)
    local[41] = 0
    assert.isUndefined(timeStatusNp(local)?.grandmaster)
  })
})

describe("a current data set", () => {
  it("has the steps to the grandmaster and the path delay in whole nanoseconds", () =>
    assert.deepStrictEqual(
      currentDataSet(bytesOf("0002 0000000000010000 0000000008648000")),
      { stepsRemoved: 2, pathDelayNs: 2148 }
    ))
})

describe("a subscription", () => {
  it("has a bit for each event and ends by itself", () => {
    const { parentDataSet: parent, portState, timeSync } = notifications
    assert.deepStrictEqual(
      subscription([portState, parent], 10),
      Uint8Array.from([0, 10, 0b101, ...Array<number>(63).fill(0)])
    )
    assert.strictEqual(subscription([portState, timeSync, parent], 10)[2], 0b111)
  })
})
