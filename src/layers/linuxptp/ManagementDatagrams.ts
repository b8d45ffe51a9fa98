/** The datagrams by which the daemon asks a ptp4l, and those that it gets. Whoever asks uses it. */
import * as ManagementMessage from "../../services/linuxptp/ManagementMessage.ts"
import type { ManagementSocket } from "../../services/processes/ProcessSpec.ts"
import type { UnixDatagram } from "../native/UnixDatagram.ts"

/** A made-up, locally administered identity, as pmc uses it. The pid distinguishes one asking program from another. */
const source: ManagementMessage.PortIdentity = {
  clockIdentity: 0x02ff_feff_fe70_7470n,
  portNumber: process.pid & 0xffff
}

/** Further datagrams wait for the next look, so that a flood of them cannot block the event loop. */
const datagramsPerLook = 256
/** The same size as linuxptp's own buffer (msg.h, struct message_data). */
const datagramSize = 1_500
const buffer = Buffer.alloc(datagramSize)

/** A message to the ptp4l with this socket. The id of the data set is also the number of the question. */
export const messageTo = (
  { domainNumber, transportSpecific }: ManagementSocket,
  action: "GET" | "SET",
  id: number,
  data: Uint8Array = new Uint8Array()
): Uint8Array =>
  ManagementMessage.encode({
    action,
    id,
    sequenceId: id,
    domainNumber,
    transportSpecific,
    source,
    target: ManagementMessage.everyPort,
    data
  })

/** The messages to this program that have arrived, in their order. */
export const receiveAll = ({ receive }: UnixDatagram): ReadonlyArray<ManagementMessage.ManagementMessage> => {
  const messages: Array<ManagementMessage.ManagementMessage> = []
  for (let n = 0; n < datagramsPerLook; n++) {
    const datagram = receive(buffer)
    if (datagram === undefined) break
    const message = ManagementMessage.decode(datagram)
    if (message !== undefined && isForUs(message)) messages.push(message)
  }
  return messages
}

const isForUs = ({ action, target }: ManagementMessage.ManagementMessage): boolean =>
  action === "RESPONSE" && target.portNumber === source.portNumber && target.clockIdentity === source.clockIdentity
