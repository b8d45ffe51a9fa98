/**
 * Collects what a ptp4l has answered in one round of questions. Each port answers separately, and the default data set
 * says how many ports there are. The management client uses it to know when all answers have arrived.
 */
import type { ManagementAnswer } from "./ManagementClient.ts"
import * as ManagementMessage from "./ManagementMessage.ts"

export interface AnswersSoFar {
  /** Undefined until the first answer. */
  readonly answer: ManagementAnswer | undefined
  /** True when every port and the clock class have been answered. */
  readonly isComplete: boolean
}

const { defaultDataSet, parentDataSet, portDataSet } = ManagementMessage.managementId

/** Reads the answers in any order. If a port answers twice, the later state counts. */
export const readAnswers = (messages: ReadonlyArray<ManagementMessage.ManagementMessage>): AnswersSoFar => {
  const dataOf = (id: number) => messages.filter((message) => message.id === id).map(({ data }) => data)
  const states = new Map(
    dataOf(portDataSet).flatMap((data) => {
      const port = ManagementMessage.portDataSet(data)
      return port === undefined ? [] : [[port.number, port] as const]
    })
  )
  const numberPorts = dataOf(defaultDataSet).map(ManagementMessage.numberPorts).at(-1)
  const clockClass = dataOf(parentDataSet).map(ManagementMessage.clockClass).at(-1)
  const ports = [...states.values()].toSorted((one, other) => one.number - other.number)
  const isSilent = numberPorts === undefined && clockClass === undefined && ports.length === 0
  return {
    answer: isSilent ? undefined : { ports, clockClass },
    isComplete: clockClass !== undefined && numberPorts !== undefined && ports.length >= numberPorts
  }
}
