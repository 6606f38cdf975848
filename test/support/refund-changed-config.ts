import { createRefund } from './kit-kinds.ts'

/** Two things are otherwise: what is small, and what is told of a receipt. The version is the same. */
export default [createRefund({ smallBelow: 50, receiptOf: (receipt) => receipt.slice(0, 1) })]
