export { homePage } from './home.ts'
export { style } from './style.ts'
