import { billingKind, orderKind } from './child-kinds.ts'

export default [orderKind, billingKind]
