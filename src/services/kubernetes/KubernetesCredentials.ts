/**
 * Where the API server is and how to prove who we are. Two layers give it: the pod's service account inside a
 * cluster, and a kubeconfig outside of one.
 */
import { Context, type Effect, Inspectable, Schema } from "effect"

/** An exec plugin's failure may be any value, and not every value can become text by itself. */
const causeText = (cause: unknown): string =>
  cause instanceof Error ? cause.message : Inspectable.toStringUnknown(cause, 0)

/** Credentials are missing or unreadable. Retryable: files appear, tokens rotate. */
export class KubernetesCredentialsError
  extends Schema.TaggedError<KubernetesCredentialsError>()("KubernetesCredentialsError", {
    source: Schema.String,
    cause: Schema.Defect()
  })
{
  override get message(): string {
    return `cannot read Kubernetes credentials from ${this.source}: ${causeText(this.cause)}`
  }
}

/** What a TLS connection to the API server is made with; all PEM text. */
export interface KubernetesTls {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly serverName?: string
  readonly skipVerify?: boolean
}

export class KubernetesCredentials extends Context.Service<KubernetesCredentials, {
  /** Base URL of the API server, without a slash at the end. */
  readonly server: string
  /** A proxy that was asked for by name; without one the environment decides. */
  readonly proxy?: string
  /** Headers that authenticate one request. `renew` asks for what is on disk now: the last ones got a 401. */
  readonly headers: (options: { readonly renew: boolean }) => Effect.Effect<
    Readonly<Record<string, string>>,
    KubernetesCredentialsError
  >
  /** As it is now: read again after a TLS error or a refusal, because authorities and client certificates rotate too. */
  readonly tls: Effect.Effect<KubernetesTls, KubernetesCredentialsError>
}>()("linuxptp-daemon/services/kubernetes/KubernetesCredentials") {}
