/** People and controllers that make one edit after the other, now or later. */
import type { Dice } from "../simulation/Dice.ts"
import type { VirtualTime } from "../simulation/VirtualTime.ts"
import { type Cluster, someEdit } from "./Cluster.ts"

interface WritersOptions {
  readonly cluster: Cluster
  readonly dice: Dice
  readonly time: VirtualTime
  readonly note: (text: string) => void
}

export const makeWriters = ({ cluster, dice, note, time }: WritersOptions) => {
  let toCome = 0
  const edit = () => note(`EDIT ${someEdit(cluster, dice)}`)
  return {
    edit,
    editLater: (millis: number) => {
      toCome += 1
      time.after(millis, () => {
        toCome -= 1
        edit()
      })
    },
    areDone: () => toCome === 0
  }
}
