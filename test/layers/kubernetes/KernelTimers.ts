/** What Linux says of a TCP connection's timers (proc_net_tcp). */
import { readFileSync } from "node:fs"

/** Seconds until the kernel asks the other side whether it is there; 0 without keep-alive. Both ends are on 127.0.0.1. */
export const keepAliveSeconds = (localPort: number, remotePort: number): number => {
  const line = readFileSync("/proc/net/tcp", "utf8").split("\n").find((text) =>
    text.includes(`0100007F:${hex(localPort)} 0100007F:${hex(remotePort)} 01`)
  )
  // Timer 02 is the one of keep-alive, in hundredths of a second.
  const timer = /^\s*\d+: \S+ \S+ 01 \S+ 02:([0-9A-F]+) /.exec(line ?? "")
  return timer === null ? 0 : Number.parseInt(timer[1] ?? "", 16) / 100
}

const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, "0")
