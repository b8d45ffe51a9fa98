/**
 * The data sets in ptp4l's management messages: what they contain, and the request to be told of changes. Each reader
 * gives undefined for data that is too short. ManagementAnswers uses them.
 */
import { type PortState, portStates } from "./PortState.ts"

const viewOf = (data: Uint8Array): DataView => new DataView(data.buffer, data.byteOffset, data.byteLength)

/** `numberPorts` of a DEFAULT_DATA_SET (linuxptp ds.h, struct defaultDS). */
export const numberPorts = (data: Uint8Array): number | undefined =>
  data.length < 4 ? undefined : viewOf(data).getUint16(2)

/** The grandmaster of a PARENT_DATA_SET (ds.h, struct parentDS). */
export interface ParentDataSet {
  /** `grandmasterClockQuality.clockClass` */
  readonly clockClass: number
  readonly grandmaster: bigint
}

export const parentDataSet = (data: Uint8Array): ParentDataSet | undefined => {
  if (data.length < 32) return undefined
  const view = viewOf(data)
  return { clockClass: view.getUint8(19), grandmaster: view.getBigUint64(24) }
}

/** A PORT_DATA_SET (ds.h, struct portDS); undefined also if its state is not one of fsm.h. */
export const portDataSet = (
  data: Uint8Array
): { readonly number: number; readonly state: PortState } | undefined => {
  // The states of fsm.h are numbered from 1.
  const state = portStates[(data[10] ?? 0) - 1]
  return state === undefined ? undefined : { number: viewOf(data).getUint16(8), state }
}

/** A CURRENT_DATA_SET (ds.h, struct currentDS). */
export interface CurrentDataSet {
  /** 0 on the grandmaster itself. */
  readonly stepsRemoved: number
  /** `meanPathDelay` in whole nanoseconds. */
  readonly pathDelayNs: number
}

export const currentDataSet = (data: Uint8Array): CurrentDataSet | undefined => {
  if (data.length < 18) return undefined
  const view = viewOf(data)
  // A TimeInterval counts 2^-16 ns.
  return { stepsRemoved: view.getUint16(0), pathDelayNs: Number(view.getBigInt64(10) >> 16n) }
}

/** A TIME_STATUS_NP (tlv.h, struct time_status_np). ptp4l repeats its last sample for ever. */
export interface TimeStatus {
  readonly offsetNs: number
  /**
   * When the Sync of the sample arrived, in nanoseconds of the clock that is steered. 0 after a step, after a change of
   * the master, and before the first sample.
   */
  readonly ingressTime: bigint
  /** The grandmaster; undefined if that is the local clock. */
  readonly grandmaster: bigint | undefined
}

export const timeStatusNp = (data: Uint8Array): TimeStatus | undefined => {
  if (data.length < 50) return undefined
  const view = viewOf(data)
  return {
    offsetNs: Number(view.getBigInt64(0)),
    ingressTime: view.getBigInt64(8),
    grandmaster: view.getInt32(38) === 0 ? undefined : view.getBigUint64(42)
  }
}

/** linuxptp notification.h. A ptp4l ignores the events that its version does not know. */
export const notifications = { portState: 0, timeSync: 1, parentDataSet: 2 } as const

const bitmaskBytes = 64

/** A SUBSCRIBE_EVENTS_NP (tlv.h, struct subscribe_events_np). */
export const subscription = (events: ReadonlyArray<number>, durationSeconds: number): Uint8Array => {
  const data = new Uint8Array(2 + bitmaskBytes)
  const view = viewOf(data)
  view.setUint16(0, durationSeconds)
  for (const event of events) view.setUint8(2 + (event >> 3), view.getUint8(2 + (event >> 3)) | 1 << (event & 7))
  return data
}
