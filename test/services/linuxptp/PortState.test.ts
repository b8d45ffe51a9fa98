import { assert, describe, it } from "@effect/vitest"
import {
  followsMaster,
  interfaceRole,
  isOperational,
  isPortState,
  portStates,
  servesTime
} from "../../../src/services/linuxptp/PortState.ts"

describe("a port state", () => {
  it("is known by ptp4l's spelling only", () => {
    assert.isTrue(portStates.every(isPortState))
    for (const text of ["", "NONE", "slave", "SLAVE ", "toString", "__proto__"]) assert.isFalse(isPortState(text))
  })

  it("is operational unless the port initializes, is faulty or disabled", () => {
    assert.deepStrictEqual(portStates.filter((state) => !isOperational(state)), ["INITIALIZING", "FAULTY", "DISABLED"])
  })

  it("follows a master or serves time, never both", () => {
    assert.deepStrictEqual(portStates.filter(followsMaster), ["UNCALIBRATED", "SLAVE"])
    assert.deepStrictEqual(portStates.filter(servesTime), ["MASTER", "GRAND_MASTER"])
  })

  it("has the role number of the Go daemon's dashboards (L-19 wrong role)", () => {
    assert.deepStrictEqual(Object.fromEntries(portStates.map((state) => [state, interfaceRole(state)])), {
      PASSIVE: 0,
      SLAVE: 1,
      MASTER: 2,
      GRAND_MASTER: 2,
      FAULTY: 3,
      LISTENING: 5,
      INITIALIZING: 4,
      DISABLED: 4,
      PRE_MASTER: 4,
      UNCALIBRATED: 4
    })
  })
})
