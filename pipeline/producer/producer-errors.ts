import { ColloquyError } from '../../schemas/errors.ts'
import type { Receipt } from './receipt.ts'

/** Not stored, and no retry can help: `bad_address`, `bad_input` (it would be rejected by any actor), `input_refused` (too large). */
export class InputRefusedError extends ColloquyError {}

/** It may have been stored: publish it again, under the same `messageId`, until it is acknowledged. `code` is `not_acknowledged`. */
export class NotAcknowledgedError extends ColloquyError {
  readonly messageId: string

  constructor(messageId: string, message: string, options?: { cause?: unknown }) {
    super('not_acknowledged', message, options)
    this.messageId = messageId
  }
}

/** It is stored, and will be decided; what was waited for was not there in time. `code` is `wait_timeout`. */
export class WaitTimeoutError extends ColloquyError {
  readonly receipt: Receipt

  constructor(receipt: Receipt, message: string, options?: { cause?: unknown }) {
    super('wait_timeout', message, options)
    this.receipt = receipt
  }
}
