"use strict";

// Swagger UI asks a public service to validate the description unless told otherwise.
window.SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#interface",
  validatorUrl: null,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  requestSnippetsEnabled: false,
});
