export { type Finding, numberOption, type Options, type ValidatorContext, wholeOption } from './validator.ts'
export { validators } from './validators.ts'
