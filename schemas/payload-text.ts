import { LIMITS } from './limits.ts'

/** The text of a rejected payload, cut to the limit; bytes that are not UTF-8 become U+FFFD. */
export const payloadText = (payload: Uint8Array): string =>
  Buffer.from(payload.subarray(0, LIMITS.rejectedPayloadCharsMax)).toString('utf8').toWellFormed()
