import { ColloquyError } from '../../schemas/errors.ts'
import type { Receipt } from './receipt.ts'

/**
 * The input was not stored, and no retry can help. `code` is `bad_address`, `bad_input` (any actor would reject it) or `input_refused`
 * (too large for INBOX).
 */
export class InputRefusedError extends ColloquyError {}

/** The input may have been stored: publish it with the same `messageId` until it is acknowledged. `code` is `not_acknowledged`. */
export class NotAcknowledgedError extends ColloquyError {
  readonly messageId: string

  constructor(messageId: string, message: string, options?: { cause?: unknown }) {
    super('not_acknowledged', message, options)
    this.messageId = messageId
  }
}

/** The input is stored and will be decided, but the wait has timed out. `code` is `wait_timeout`. */
export class WaitTimeoutError extends ColloquyError {
  readonly receipt: Receipt

  constructor(receipt: Receipt, message: string, options?: { cause?: unknown }) {
    super('wait_timeout', message, options)
    this.receipt = receipt
  }
}
