/**
 * What a ptp4l has told so far in answer to one round of questions. Each port answers on its own, and the default data
 * set says how many they are. The management client uses it to know when to stop listening.
 */
import type { ManagementAnswer } from "./ManagementClient.ts"
import * as ManagementMessage from "./ManagementMessage.ts"

export interface AnswersSoFar {
  /** Undefined while nobody has answered. */
  readonly answer: ManagementAnswer | undefined
  /** Nothing more is to come: every port and the clock class have been told. */
  readonly isComplete: boolean
}

const { defaultDataSet, parentDataSet, portDataSet } = ManagementMessage.managementId

/** Reads the messages of answers, in any order. A port that is told twice has the state of the later one. */
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
