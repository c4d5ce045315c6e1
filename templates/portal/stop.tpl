{{%AUTOESCAPE context="HTML"}}
<section class="card" aria-labelledby="h-stop">
  {{#asked}}<form method="post" action="/portal/stop">
    <input type="hidden" name="csrf_token" value="{{csrf_token}}">
    <input type="hidden" name="code" value="{{code}}">
    <div class="card__body"><h1 id="h-stop">Stop the new certificate of {{name}}?</h1><p>{{subject}} <code class="fp">{{start}}</code></p><p class="muted">It is revoked and opens nothing from the next call on. The certificates that the key had before stay as they are. Whoever added it had one of those with its private key, or the password of an account: change yours, too.</p></div>
    <div class="card__foot actions"><button class="btn btn--danger-solid" type="submit">Stop it</button></div>
  </form>{{/asked}}
  {{#done}}<div class="card__body"><div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h1 id="h-stop">It is stopped</h1><p>The new certificate of “{{name}}” opens nothing any more.</p></div></div>{{/done}}
</section>
