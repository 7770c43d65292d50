import type { PageMessages } from '../types.ts'

export const pt: PageMessages = {
  signOut: { title: 'Sair?', text: 'Para continuar, será preciso entrar novamente.' },
  signedOut: {
    title: 'Você saiu deste serviço',
    text: 'No momento não é possível contatar o servidor de autenticação. Talvez você ainda esteja conectado a outros serviços.',
  },
  signedOutAgain: {
    title: 'A sua sessão terminou novamente',
    text: 'Você entrou, mas a sua sessão terminou logo em seguida. Entre novamente. Se o problema continuar, peça ajuda ao administrador deste serviço.',
  },
  signInFailed: {
    title: 'Não foi possível entrar',
    text: 'O servidor de autenticação enviou uma resposta inválida. Tente novamente. Se o problema continuar, peça ajuda ao administrador deste serviço.',
  },
  signInRefused: {
    title: 'Você não entrou',
    text: 'A autenticação foi cancelada ou recusada. Você pode tentar novamente.',
  },
  signInExpired: {
    title: 'Esta autenticação não é mais válida',
    text: 'Ela demorou demais, já foi usada ou foi iniciada em outro navegador. Entre novamente.',
  },
  signInNeeded: { title: 'Entre na sua conta', text: 'Você precisa entrar para abrir esta página.' },
  stepUpNeeded: {
    title: 'Entre novamente',
    text: 'Você já entrou, mas esta página exige um acesso mais seguro ou mais recente. Se o problema continuar, peça ajuda ao administrador deste serviço.',
  },
  sendForm: {
    title: 'Enviar o formulário agora?',
    text: 'Você precisava entrar primeiro, por isso o formulário ainda não foi enviado.',
  },
  formGone: {
    title: 'Este formulário não pode mais ser enviado',
    text: 'Ele já foi enviado ou esperou tempo demais. Verifique se chegou antes de preenchê-lo de novo.',
  },
  formOfOther: {
    title: 'Este formulário não foi enviado',
    text: 'Outro usuário o preencheu, por isso ele não é enviado com a sua conta.',
  },
  blocked: {
    title: 'Solicitação bloqueada',
    text: 'A solicitação não veio de uma página deste serviço, por isso nada foi alterado. Comece novamente na página inicial.',
  },
  forbidden: {
    title: 'Sem acesso',
    text: 'A sua conta não tem permissão para abrir esta página. Peça acesso ao administrador deste serviço ou entre com outra conta.',
  },
  notFound: {
    title: 'Página não encontrada',
    text: 'Não há nenhuma página neste endereço. Verifique o endereço ou vá para a página inicial.',
  },
  tooManyRequests: {
    title: 'Solicitações demais',
    text: 'Este serviço recebeu solicitações demais de você ou da sua rede.',
  },
  badRequest: {
    title: 'Não funcionou',
    text: 'O serviço não conseguiu entender a solicitação. Volte e tente novamente.',
  },
  unavailable: { title: 'Indisponível no momento', text: 'Este serviço não pode responder no momento.' },
  failed: {
    title: 'Algo deu errado',
    text: 'O erro é nosso. Tente novamente. Se o problema continuar, peça ajuda ao administrador deste serviço.',
  },
  labels: {
    signIn: 'Entrar',
    signOut: 'Sair',
    tryAgain: 'Tentar novamente',
    sendForm: 'Enviar o formulário',
    start: 'Ir para a página inicial',
    waitUntil: 'Tente novamente {when}.',
    wait: 'Tente novamente em alguns minutos.',
    help: 'Se pedir ajuda, inclua estes dados:',
    requestId: 'ID da solicitação',
    code: 'Código de erro',
  },
}
