/**
 * What ptp4l tells on its management socket becomes evidence of its clock, of the same rank as its log: the states of
 * its ports, its grandmaster and its samples. Pure.
 */
import type { ManagementAnswer, ManagementNews } from "../linuxptp/ManagementClient.ts"
import { mapValues } from "./BoundedMap.ts"
import { afterSilence, sampleOnSocket } from "./Measurement.ts"
import { withPortState } from "./PortEvidence.ts"
import { followingPort, type ManagementEvidence, type ProgramEvidence, withBestMaster } from "./ProgramEvidence.ts"

const nothingTold: ManagementEvidence = {
  heardAt: 0n,
  silentSince: undefined,
  sample: undefined,
  clockClass: undefined,
  stepsRemoved: undefined
}

/** The evidence after news from the socket. Returns the same object if a ptp4l that was never heard is silent. */
export const observeManagement = (evidence: ProgramEvidence, news: ManagementNews): ProgramEvidence =>
  news.kind === "silent"
    ? observeSilence(evidence, news.askedAt)
    : observeAnswer(evidence, news.answer, news.heardAt)

/** A socket that is dead says something only while the log is silent too: linuxptp may have lost just the socket. */
const observeSilence = (evidence: ProgramEvidence, askedAt: bigint): ProgramEvidence => {
  const { lineAt, management, measurements } = evidence
  if (management === undefined) return evidence
  const silentSince = management.silentSince ?? askedAt
  const silent = { ...evidence, management: { ...management, silentSince } }
  if (lineAt > silentSince) return silent
  const lastSign = lineAt > management.heardAt ? lineAt : management.heardAt
  return { ...silent, measurements: mapValues(measurements, (one) => afterSilence(one, lastSign)) }
}

const observeAnswer = (evidence: ProgramEvidence, answer: ManagementAnswer, heardAt: bigint): ProgramEvidence => {
  const { clockClass, current, grandmaster, ports, sample } = answer
  const before = evidence.management ?? nothingTold
  const told = { by: "socket" as const, at: heardAt }
  let next = evidence
  for (const { number, state } of ports) {
    const nic = next.ports.get(number)?.interface ?? next.interfaces[number - 1]
    next = withPortState(next, number, { interface: nic, state, told })
  }
  if (grandmaster !== undefined) next = withBestMaster(next, grandmaster.identity, told)
  const known = {
    ...next,
    management: {
      heardAt,
      silentSince: undefined,
      sample: sample ?? before.sample,
      clockClass: clockClass ?? before.clockClass,
      stepsRemoved: current?.stepsRemoved ?? before.stepsRemoved
    }
  }
  const measured = sample !== undefined && isNewSample(sample, before.sample, known)
    ? withSample(known, sample.offsetNs, heardAt)
    : known
  return withDelay(measured, current?.pathDelayNs)
}

type Sample = NonNullable<ManagementAnswer["sample"]>

/**
 * ptp4l repeats its last sample for ever; only `ingressTime` tells a new one. While it calibrates, that time is already
 * the one of the next sample when the offset is still the old one (clock.c, clock_synchronize).
 */
const isNewSample = (sample: Sample, before: Sample | undefined, evidence: ProgramEvidence): boolean => {
  if (before === undefined || sample.ingressTime === 0n || sample.ingressTime === before.ingressTime) return false
  return followingPort(evidence)?.state === "SLAVE" || sample.offsetNs !== before.offsetNs
}

/** Only a port that follows measures. */
const withSample = (evidence: ProgramEvidence, offsetNs: number, heardAt: bigint): ProgramEvidence => {
  const clock = followingPort(evidence)?.interface
  if (clock === undefined) return evidence
  const { measurements, summaryMaxNs } = evidence
  const measurement = sampleOnSocket(offsetNs, heardAt, measurements.get(clock), summaryMaxNs)
  return { ...evidence, measurements: new Map([[clock, measurement]]) }
}

const withDelay = (evidence: ProgramEvidence, delayNs: number | undefined): ProgramEvidence =>
  delayNs === undefined || followingPort(evidence) === undefined ? evidence : {
    ...evidence,
    measurements: mapValues(
      evidence.measurements,
      (one) => one.sample.by === "socket" ? { ...one, delayNs } : one
    )
  }
