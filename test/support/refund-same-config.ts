import { refund } from './kit-kinds.ts'

export default [refund]
