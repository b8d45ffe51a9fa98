/** A listener on loopback that can go away, so that connections are refused, and come back on the same port. */
import { once } from "node:events"
import { createServer, type Socket } from "node:net"
import { addressOf } from "./Quiet.ts"

export const makeListener = async (accept: (socket: Socket) => void) => {
  const listener = createServer(accept)
  listener.listen(0, "127.0.0.1")
  await once(listener, "listening")
  const { port } = addressOf(listener.address())
  let isBinding = false
  return {
    port,
    /** It is coming back. */
    isBinding: () => isBinding,
    stop: () => void listener.close(),
    /** Another program may have the port for a moment. */
    listenAgain: () => {
      isBinding = true
      const bind = () => void listener.listen(port, "127.0.0.1")
      const onError = () => setImmediate(bind)
      listener.on("error", onError)
      listener.once("listening", () => {
        isBinding = false
        listener.off("error", onError)
      })
      bind()
    }
  }
}
