/**
 * Combines what a ptp4l has sent on its management socket: answers and news that it was subscribed to. Each port
 * answers separately, and the default data set says how many ports there are.
 */
import type { ManagementAnswer } from "./ManagementClient.ts"
import * as DataSet from "./ManagementDataSet.ts"
import { managementId, type ManagementMessage } from "./ManagementMessage.ts"

export interface AnswersSoFar {
  /** Undefined until the first answer. */
  readonly answer: ManagementAnswer | undefined
  /** True when every port and the clock class have been answered. */
  readonly isComplete: boolean
}

/** Reads the answers in any order. If something is told twice, the later one counts. */
export const readAnswers = (messages: ReadonlyArray<ManagementMessage>): AnswersSoFar => {
  const all = <A>(id: number, read: (data: Uint8Array) => A | undefined): ReadonlyArray<A> =>
    messages.flatMap((message) => (message.id === id ? read(message.data) ?? [] : []))
  const last = <A>(id: number, read: (data: Uint8Array) => A | undefined) => all(id, read).at(-1)
  const states = new Map(all(managementId.portDataSet, DataSet.portDataSet).map((port) => [port.number, port]))
  const numberPorts = last(managementId.defaultDataSet, DataSet.numberPorts)
  const parent = last(managementId.parentDataSet, DataSet.parentDataSet)
  const timeStatus = last(managementId.timeStatusNp, DataSet.timeStatusNp)
  const current = last(managementId.currentDataSet, DataSet.currentDataSet)
  const grandmaster = messages.map(grandmasterIn).findLast((told) => told !== undefined)
  const ports = [...states.values()].toSorted((one, other) => one.number - other.number)
  const isSilent = numberPorts === undefined && grandmaster === undefined && current === undefined &&
    ports.length === 0
  return {
    answer: isSilent ? undefined : {
      ports,
      clockClass: parent?.clockClass,
      ...(grandmaster === undefined ? {} : { grandmaster }),
      ...(timeStatus === undefined
        ? {}
        : { sample: { offsetNs: timeStatus.offsetNs, ingressTime: timeStatus.ingressTime } }),
      ...(current === undefined ? {} : { current })
    },
    isComplete: parent !== undefined && numberPorts !== undefined && ports.length >= numberPorts
  }
}

const grandmasterIn = ({ data, id, source }: ManagementMessage): ManagementAnswer["grandmaster"] => {
  if (id === managementId.timeStatusNp) {
    const told = DataSet.timeStatusNp(data)
    return told === undefined ? undefined : grandmasterOf(told.grandmaster)
  }
  if (id !== managementId.parentDataSet) return undefined
  const told = DataSet.parentDataSet(data)
  // A clock that follows nobody is its own grandmaster.
  return told === undefined
    ? undefined
    : grandmasterOf(told.grandmaster === source.clockIdentity ? undefined : told.grandmaster)
}

const grandmasterOf = (identity: bigint | undefined): ManagementAnswer["grandmaster"] => ({
  identity: identity === undefined ? undefined : identityText(identity)
})

/** As linuxptp prints it (util.c, cid2str): `507c6f.fffe.1fb1c0`. */
const identityText = (identity: bigint): string =>
  identity.toString(16).padStart(16, "0").replace(/^(.{6})(.{4})(.{6})$/, "$1.$2.$3")
