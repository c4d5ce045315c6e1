{{%AUTOESCAPE context="HTML"}}
<div class="card">
  <form class="form" method="post" action="/portal/confirm">
    <input type="hidden" name="csrf_token" value="{{csrf_token}}">
    <input type="hidden" name="code" value="{{code}}">
    <div><h1>Confirm your e-mail</h1><p class="muted">This opens the account of {{email}}.</p></div>
    <button class="btn btn--primary btn--block" type="submit">Confirm</button>
  </form>
</div>
<p>Not you? Close this page and nothing happens.</p>
