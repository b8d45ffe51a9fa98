/**
 * PTP management messages as bytes: IEEE 1588-2019 clause 15, linuxptp msg.h and tlv.h. The management client writes
 * its questions and reads the answers with it; ManagementDataSet reads what they contain. The only SET that is ever
 * sent is a subscription, which changes no setting of a clock.
 */

/** IEEE 1588-2019 table 59, and those of linuxptp (tlv.h), whose names end in NP. */
export const managementId = {
  defaultDataSet: 0x2000,
  currentDataSet: 0x2001,
  parentDataSet: 0x2002,
  portDataSet: 0x2004,
  timeStatusNp: 0xc000,
  subscribeEventsNp: 0xc003
} as const

/** The eight bytes of the clock identity, read as one number. */
export interface PortIdentity {
  readonly clockIdentity: bigint
  readonly portNumber: number
}

/** All ones: every port of every clock. */
export const everyPort: PortIdentity = { clockIdentity: 0xffff_ffff_ffff_ffffn, portNumber: 0xffff }

export interface ManagementMessage {
  readonly action: "GET" | "SET" | "RESPONSE"
  /** One of `managementId`, or any other id that a peer sends. */
  readonly id: number
  /** An answer has the number of its question. */
  readonly sequenceId: number
  readonly domainNumber: number
  /** Four bits. ptp4l ignores messages with another value than its own (linuxptp port.c, port_ignore). */
  readonly transportSpecific: number
  readonly source: PortIdentity
  readonly target: PortIdentity
  /** The data set; empty in a question. */
  readonly data: Uint8Array
}

// The header is the one of all PTP messages: 34 bytes, IEEE 1588-2019 table 35.
const TYPE_AND_TRANSPORT = 0
const VERSION = 1
const MESSAGE_LENGTH = 2
const DOMAIN_NUMBER = 4
const SOURCE = 20
const SEQUENCE_ID = 30
const CONTROL = 32
const LOG_MESSAGE_INTERVAL = 33
// After it comes the management message, table 56, with one TLV, table 58. Both boundaryHops stay 0, so that ptp4l does
// not forward a question to other clocks of the network (linuxptp clock.c, clock_forward_mgmt_msg).
const TARGET = 34
const ACTION = 46
const TLV_TYPE = 48
const TLV_LENGTH = 50
const TLV_ID = 52
const DATA = 54

const MANAGEMENT_TYPE = 0xd
const PTP_VERSION = 2
const CONTROL_MANAGEMENT = 4
const NO_INTERVAL = 0x7f
const TLV_MANAGEMENT = 1
const actionCodes = { GET: 0, SET: 1, RESPONSE: 2 } as const

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** The message as bytes. Numbers are cut to the width of their fields. */
export const encode = (message: ManagementMessage): Uint8Array => {
  const bytes = new Uint8Array(DATA + message.data.length)
  const view = viewOf(bytes)
  view.setUint8(TYPE_AND_TRANSPORT, message.transportSpecific << 4 | MANAGEMENT_TYPE)
  view.setUint8(VERSION, PTP_VERSION)
  view.setUint16(MESSAGE_LENGTH, bytes.length)
  view.setUint8(DOMAIN_NUMBER, message.domainNumber)
  writeIdentity(view, SOURCE, message.source)
  view.setUint16(SEQUENCE_ID, message.sequenceId)
  view.setUint8(CONTROL, CONTROL_MANAGEMENT)
  view.setUint8(LOG_MESSAGE_INTERVAL, NO_INTERVAL)
  writeIdentity(view, TARGET, message.target)
  view.setUint8(ACTION, actionCodes[message.action])
  view.setUint16(TLV_TYPE, TLV_MANAGEMENT)
  // The TLV's length includes its id.
  view.setUint16(TLV_LENGTH, DATA - TLV_ID + message.data.length)
  view.setUint16(TLV_ID, message.id)
  bytes.set(message.data, DATA)
  return bytes
}

const writeIdentity = (view: DataView, at: number, identity: PortIdentity) => {
  view.setBigUint64(at, identity.clockIdentity)
  view.setUint16(at + 8, identity.portNumber)
}

/** Reads a datagram. Undefined unless it is a complete GET, SET or RESPONSE of version 2. */
export const decode = (bytes: Uint8Array): ManagementMessage | undefined => {
  if (bytes.length < DATA) return undefined
  const view = viewOf(bytes)
  const typeAndTransport = view.getUint8(TYPE_AND_TRANSPORT)
  const end = TLV_ID + view.getUint16(TLV_LENGTH)
  const action = actionOf(view.getUint8(ACTION) & 0xf)
  if (
    (typeAndTransport & 0xf) !== MANAGEMENT_TYPE ||
    // The upper four bits are the minor version: linuxptp 4.x sends 2.1.
    (view.getUint8(VERSION) & 0xf) !== PTP_VERSION ||
    view.getUint16(TLV_TYPE) !== TLV_MANAGEMENT ||
    action === undefined ||
    end < DATA ||
    end > view.getUint16(MESSAGE_LENGTH) ||
    view.getUint16(MESSAGE_LENGTH) > bytes.length
  ) return undefined
  return {
    action,
    id: view.getUint16(TLV_ID),
    sequenceId: view.getUint16(SEQUENCE_ID),
    domainNumber: view.getUint8(DOMAIN_NUMBER),
    transportSpecific: typeAndTransport >> 4,
    source: readIdentity(view, SOURCE),
    target: readIdentity(view, TARGET),
    // This copies the data, because the receiver's buffer is used again; `slice` of a Node Buffer would not copy.
    data: Uint8Array.from(bytes.subarray(DATA, end))
  }
}

const actionOf = (code: number): ManagementMessage["action"] | undefined => {
  switch (code) {
    case actionCodes.GET:
      return "GET"
    case actionCodes.SET:
      return "SET"
    case actionCodes.RESPONSE:
      return "RESPONSE"
    default:
      return undefined
  }
}

const readIdentity = (view: DataView, at: number): PortIdentity => ({
  clockIdentity: view.getBigUint64(at),
  portNumber: view.getUint16(at + 8)
})
