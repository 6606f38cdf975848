import { billingKind, orderKind } from './billed-order.ts'

export default [orderKind, billingKind]
