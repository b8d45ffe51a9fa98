/** A UNIX datagram socket in a test's hand: it takes questions when told to, and answers what it is told. */
import { Effect } from "effect"
import koffi from "koffi"
import { mkdtempSync, rmSync } from "node:fs"
import os from "node:os"
import path from "node:path"
import * as ManagementMessage from "../../../src/services/linuxptp/ManagementMessage.ts"

const AF_UNIX = 1
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000
const MSG_DONTWAIT = 0x40
const addressSize = 110

const self = koffi.load(null)
const libc = {
  socket: self.func("int socket(int, int, int)"),
  close: self.func("int close(int)"),
  bind: self.func("int bind(int, void *, uint32)"),
  recvfrom: self.func("long recvfrom(int, void *, size_t, int, void *, _Inout_ uint32 *)"),
  sendto: self.func("long sendto(int, void *, size_t, int, void *, uint32)")
}

export interface Question {
  readonly message: ManagementMessage.ManagementMessage
  /** Of the asker's socket. */
  readonly address: Buffer
}

/** Removed with the scope, and whatever is in it. */
export const temporaryDirectory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(path.join(os.tmpdir(), "lptpd-mgmt-"))),
  (name) => Effect.sync(() => rmSync(name, { recursive: true, force: true }))
)

/** Binds a socket at `file` that stays when the scope closes it, as a killed program's does. */
export const listenAt = (file: string) =>
  Effect.map(Effect.acquireRelease(Effect.sync(() => open(file)), (fd) => Effect.sync(() => libc.close(fd))), (fd) => ({
    /** All questions that wait. */
    questions: () => [...questionsAt(fd)],
    /** False when the asker is gone, or hears nobody else than the one whom it asks. */
    send: ({ address }: Pick<Question, "address">, bytes: Uint8Array) =>
      libc.sendto(fd, bytes, bytes.length, MSG_DONTWAIT, address, address.length) === bytes.length
  }))

const open = (file: string): number => {
  const fd: number = libc.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0)
  const address = Buffer.from(`\0\0${file}\0`)
  address.writeUInt16LE(AF_UNIX)
  if (libc.bind(fd, address, address.length) !== 0) throw new Error(`bind failed: ${file}`)
  return fd
}

function* questionsAt(fd: number): Generator<Question> {
  for (;;) {
    const buffer = Buffer.alloc(1_500)
    const address = Buffer.alloc(addressSize)
    const addressLength = [addressSize]
    const size: number = libc.recvfrom(fd, buffer, buffer.length, MSG_DONTWAIT, address, addressLength)
    const message = size < 0 ? undefined : ManagementMessage.decode(buffer.subarray(0, size))
    if (message === undefined) return
    yield { message, address: address.subarray(0, addressLength[0]) }
  }
}

const grandmaster = Buffer.from("62bd56fffe1c046d", "hex")

/** The answers of a ptp4l with these port states by `fsm.h` number, one datagram for each port. */
export const answersTo = (
  { message }: Question,
  states: ReadonlyArray<number>,
  clockClass = 6
): ReadonlyArray<Uint8Array> => {
  const clockIdentity = 0x5af8_5dff_fee8_6e35n
  const answer = (portNumber: number, data: Uint8Array) =>
    ManagementMessage.encode({
      ...message,
      action: "RESPONSE",
      source: { clockIdentity, portNumber },
      target: message.source,
      data
    })
  const { defaultDataSet, parentDataSet, timeStatusNp } = ManagementMessage.managementId
  switch (message.id) {
    case defaultDataSet:
      return [answer(0, Uint8Array.from([1, 0, 0, states.length, ...Array<number>(16).fill(0)]))]
    case parentDataSet:
      return [answer(0, Uint8Array.from({ length: 32 }, (_, at) => at === 19 ? clockClass : grandmaster[at - 24] ?? 0))]
    case timeStatusNp:
      return [answer(0, new Uint8Array(50))]
    default:
      return states.map((state, index) =>
        answer(index + 1, Uint8Array.from({ length: 26 }, (_, at) => at === 9 ? index + 1 : at === 10 ? state : 0))
      )
  }
}
