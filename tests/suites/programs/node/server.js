// server.js PORT: answers with what node-expose-sspi's authentication tells of the client.
const http = require('http');
const { sso } = require('node-expose-sspi');

const authenticate = sso.auth({ useActiveDirectory: false });
http.createServer((request, response) => {
  authenticate(request, response, (error) => {
    response.statusCode = error ? error.statusCode || 500 : 200;
    response.end(error ? error.message : JSON.stringify(request.sso));
  });
}).listen(Number(process.argv[2]), '127.0.0.1');
