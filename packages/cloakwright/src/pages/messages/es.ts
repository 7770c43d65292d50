import type { PageMessages } from '../types.ts'

export const es: PageMessages = {
  signOut: { title: '¿Cerrar sesión?', text: 'Tendrá que volver a iniciar sesión para continuar.' },
  signedOut: {
    title: 'Ha cerrado la sesión en este servicio',
    text: 'En este momento no se puede contactar con el servidor de inicio de sesión. Es posible que su sesión siga abierta en otros servicios.',
  },
  signedOutAgain: {
    title: 'Su sesión se ha cerrado de nuevo',
    text: 'Ha iniciado sesión, pero esta ha terminado de inmediato. Vuelva a iniciar sesión. Si el problema continúa, pida ayuda al administrador de este servicio.',
  },
  signInFailed: {
    title: 'No se ha podido iniciar sesión',
    text: 'El servidor de inicio de sesión ha enviado una respuesta no válida. Vuelva a intentarlo. Si el problema continúa, pida ayuda al administrador de este servicio.',
  },
  signInRefused: {
    title: 'No ha iniciado sesión',
    text: 'El inicio de sesión se ha cancelado o rechazado. Puede volver a intentarlo.',
  },
  signInExpired: {
    title: 'Este inicio de sesión ya no es válido',
    text: 'Ha tardado demasiado, ya se ha utilizado o se ha empezado en otro navegador. Vuelva a iniciar sesión.',
  },
  signInNeeded: { title: 'Inicie sesión', text: 'Tiene que iniciar sesión para abrir esta página.' },
  stepUpNeeded: {
    title: 'Vuelva a iniciar sesión',
    text: 'Ha iniciado sesión, pero esta página exige un inicio de sesión más seguro o más reciente. Si el problema continúa, pida ayuda al administrador de este servicio.',
  },
  sendForm: {
    title: '¿Enviar el formulario ahora?',
    text: 'Primero tenía que iniciar sesión, por lo que el formulario aún no se ha enviado.',
  },
  formGone: {
    title: 'Este formulario ya no se puede enviar',
    text: 'Ya se envió o esperó demasiado tiempo. Compruebe si ha llegado antes de volver a rellenarlo.',
  },
  formOfOther: {
    title: 'Este formulario no se ha enviado',
    text: 'Lo rellenó otro usuario, por lo que no se envía con su cuenta.',
  },
  blocked: {
    title: 'Solicitud bloqueada',
    text: 'La solicitud no procede de una página de este servicio, por lo que no se ha cambiado nada. Vuelva a empezar desde la página de inicio.',
  },
  forbidden: {
    title: 'Sin acceso',
    text: 'Su cuenta no tiene permiso para abrir esta página. Solicite acceso al administrador de este servicio o inicie sesión con otra cuenta.',
  },
  notFound: {
    title: 'Página no encontrada',
    text: 'No hay ninguna página en esta dirección. Compruebe la dirección o vaya a la página de inicio.',
  },
  tooManyRequests: {
    title: 'Demasiadas solicitudes',
    text: 'Este servicio ha recibido demasiadas solicitudes suyas o de su red.',
  },
  badRequest: {
    title: 'No ha funcionado',
    text: 'El servicio no ha podido entender la solicitud. Vuelva atrás e inténtelo de nuevo.',
  },
  unavailable: {
    title: 'No disponible en este momento',
    text: 'Este servicio no puede responder en este momento.',
  },
  failed: {
    title: 'Algo ha fallado',
    text: 'El error es nuestro. Vuelva a intentarlo. Si el problema continúa, pida ayuda al administrador de este servicio.',
  },
  labels: {
    signIn: 'Iniciar sesión',
    signOut: 'Cerrar sesión',
    tryAgain: 'Volver a intentarlo',
    sendForm: 'Enviar el formulario',
    start: 'Ir a la página de inicio',
    waitUntil: 'Vuelva a intentarlo {when}.',
    wait: 'Vuelva a intentarlo dentro de unos minutos.',
    help: 'Si pide ayuda, incluya estos datos:',
    requestId: 'ID de la solicitud',
    code: 'Código de error',
  },
}
