{{%AUTOESCAPE context="HTML"}}
<div class="field{{#error_certificate}} field--error{{/error_certificate}}"{{#by_type}} data-when="mtls"{{/by_type}}>
  <label for="f-certificate">Certificate (PEM)</label>
  <p class="hint" id="h-certificate">The block from BEGIN CERTIFICATE to END CERTIFICATE. If a private key is pasted with it, only the public part is kept.</p>
  <textarea class="textarea textarea--pem" id="f-certificate" name="certificate" rows="10" spellcheck="false" autocomplete="off" autocapitalize="none" placeholder="-----BEGIN CERTIFICATE-----"{{#error_certificate}} aria-invalid="true"{{/error_certificate}}{{#focus_certificate}} autofocus{{/focus_certificate}} aria-describedby="{{#error_certificate}}e-certificate {{/error_certificate}}h-certificate">{{certificate:pre_escape}}</textarea>
  {{#error_certificate}}<p class="error" id="e-certificate"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_certificate}}
  {{#error_certificate}}<p class="hint">What was given is not shown again, since it may hold a private key.</p>{{/error_certificate}}
  <div class="row">
    <span class="file"><label class="btn" for="upload"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#upload"/></svg>Upload .pem</label><input type="file" id="upload" name="upload" accept=".pem,.crt,.cer,.der,application/x-pem-file"></span>
    {{#may_read}}<button class="btn" type="submit" name="do" value="read" formnovalidate>Read certificate</button>{{/may_read}}
  </div>
</div>
{{#may_read}}<div class="stack"{{#by_type}} data-when="mtls"{{/by_type}}>{{#dropped}}<div class="note note--warn" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#shield-check"/></svg><h2>The private key was dropped</h2><p>The text held a private key. Only the certificate was kept; the key was wiped from memory and not stored or logged. If it came by mail or chat, let the owner make a new pair.</p></div>{{/dropped}}{{#notices}}<div class="note"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#info"/></svg><p>{{item}}</p></div>{{/notices}}</div>{{/may_read}}
